// A labelled control with its help and its error, tied together for screen readers. Controls are told what to put on
// themselves (id, describedby, invalid); what is typed is the caller's.
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { day, parseDay } from "../format";
import { t } from "../i18n";

export interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": "true" | undefined;
  "aria-required": "true" | undefined;
}

interface FieldProps {
  label: string;
  help?: ComponentChildren;
  error?: string | undefined;
  required?: boolean;
  optional?: boolean;
  /** Where an error of the API about this field points, such as "#/title": the form scrolls to it. */
  pointer?: string;
  /** More below the control: a counter, an amount in words. */
  note?: ComponentChildren;
  children: (control: ControlProps) => ComponentChildren;
}

export function Field({ label, help, error, required, optional, pointer, note, children }: FieldProps) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`, note && `${id}-note`]
    .filter(Boolean)
    .join(" ");
  return (
    <div class={`field${error ? " wrong" : ""}`} data-pointer={pointer}>
      <label for={id}>
        {label}
        {required && <span class="mark"> ({t("field.required")})</span>}
        {optional && <span class="mark"> ({t("field.optional")})</span>}
      </label>
      {help && (
        <div class="help" id={`${id}-help`}>
          {help}
        </div>
      )}
      {error && (
        <div class="error" id={`${id}-error`}>
          {error}
        </div>
      )}
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? "true" : undefined,
        "aria-required": required ? "true" : undefined,
      })}
      {note && (
        <div class="note" id={`${id}-note`}>
          {note}
        </div>
      )}
    </div>
  );
}

interface TextProps {
  value: string;
  onInput: (value: string) => void;
  onBlur?: () => void;
  control: ControlProps;
  maxLength?: number;
  inputMode?: "text" | "numeric" | "decimal" | "search";
  placeholder?: string;
  autoComplete?: string;
  size?: "short" | "medium" | "full";
  disabled?: boolean;
}

export function TextInput({ value, onInput, onBlur, control, size = "full", ...rest }: TextProps) {
  return (
    <input
      type="text"
      class={`input ${size}`}
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
      onBlur={onBlur}
      autoComplete="off"
      {...rest}
      {...control}
    />
  );
}

export function TextArea({ value, onInput, control, maxLength, rows = 4 }: TextProps & { rows?: number }) {
  return (
    <textarea
      class="input"
      rows={Math.max(rows, Math.min(16, value.split("\n").length + Math.floor(value.length / 70)))}
      value={value}
      maxLength={maxLength}
      onInput={(event) => onInput(event.currentTarget.value)}
      {...control}
    />
  );
}

export interface Option {
  value: string;
  label: string;
}

export function Select({
  value,
  options,
  onChange,
  control,
  empty,
}: {
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
  control: ControlProps;
  /** The label of choosing nothing; without it there is no such choice. */
  empty?: string;
}) {
  return (
    <select
      class="input"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...control}
    >
      {empty !== undefined && <option value="">{empty}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

/** A box to tick, with its own label, help and error. */
export function Checkbox({
  checked,
  onChange,
  label,
  help,
  error,
  pointer,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: ComponentChildren;
  help?: ComponentChildren;
  error?: string | undefined;
  pointer?: string;
}) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class={`check${error ? " wrong" : ""}`} data-pointer={pointer}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
        aria-describedby={described || undefined}
        aria-invalid={error ? "true" : undefined}
      />
      <div>
        <label for={id}>{label}</label>
        {help && (
          <div class="help" id={`${id}-help`}>
            {help}
          </div>
        )}
        {error && (
          <div class="error" id={`${id}-error`}>
            {error}
          </div>
        )}
      </div>
    </div>
  );
}

/** One of a few, all of them visible. */
export function Choices({
  legend,
  value,
  options,
  onChange,
  help,
  error,
  pointer,
  required,
  inline,
}: {
  legend: string;
  value: string;
  options: readonly (Option & { help?: string })[];
  onChange: (value: string) => void;
  help?: ComponentChildren;
  error?: string | undefined;
  pointer?: string;
  required?: boolean;
  inline?: boolean;
}) {
  const id = useId();
  return (
    <fieldset
      class={`choices${error ? " wrong" : ""}${inline ? " inline" : ""}`}
      data-pointer={pointer}
      aria-describedby={error ? `${id}-error` : undefined}
    >
      <legend>
        {legend}
        {required && <span class="mark"> ({t("field.required")})</span>}
      </legend>
      {help && <div class="help">{help}</div>}
      {error && (
        <div class="error" id={`${id}-error`}>
          {error}
        </div>
      )}
      {options.map((option) => (
        <div class="check" key={option.value}>
          <input
            type="radio"
            id={`${id}-${option.value}`}
            name={id}
            value={option.value}
            checked={value === option.value}
            onChange={() => onChange(option.value)}
          />
          <div>
            <label for={`${id}-${option.value}`}>{option.label}</label>
            {option.help && <div class="help">{option.help}</div>}
          </div>
        </div>
      ))}
    </fieldset>
  );
}

/**
 * A day, typed as dd/mm/yyyy or chosen on the browser's calendar. value and onChange are days of the API; what is typed
 * and is no day is kept as it is and given on as it is, so that nothing is lost and the error is said.
 */
export function DayInput({
  value,
  onChange,
  control,
  min,
  max,
}: {
  value: string;
  onChange: (value: string) => void;
  control: ControlProps;
  min?: string | undefined;
  max?: string | undefined;
}) {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(value);
  const [typed, setTyped] = useState<string | null>(null);
  const calendar = useRef<HTMLInputElement>(null);
  const shown = typed ?? (isDay ? day(value) : value);
  return (
    <div class="day">
      <input
        type="text"
        class="input short"
        inputMode="numeric"
        autoComplete="off"
        placeholder="dd/mm/yyyy"
        value={shown}
        onInput={(event) => {
          const text = event.currentTarget.value;
          setTyped(text);
          onChange(parseDay(text) ?? text);
        }}
        onBlur={() => setTyped(null)}
        {...control}
      />
      <button
        type="button"
        class="button quiet icon"
        aria-label={t("field.pick_day")}
        onClick={() => openCalendar(calendar.current)}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M7 2v3M17 2v3M3.5 9h17M5 4.5h14A1.5 1.5 0 0 1 20.5 6v13a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 19V6A1.5 1.5 0 0 1 5 4.5Z" />
        </svg>
      </button>
      <input
        ref={calendar}
        class="behind"
        type="date"
        tabIndex={-1}
        aria-hidden="true"
        min={min}
        max={max}
        value={isDay ? value : ""}
        onChange={(event) => {
          setTyped(null);
          onChange(event.currentTarget.value);
        }}
      />
    </div>
  );
}

function openCalendar(input: HTMLInputElement | null): void {
  try {
    input?.showPicker();
  } catch {
    input?.focus();
  }
}
