// Units on pages: a name for a code, the path through the tree, and the picker that finds a unit however it is typed.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { ok, submission } from "../api/client";
import { learnUnits, type Unit, useUnit } from "../api/reference";
import { named, said, t } from "../i18n";
import { Button } from "./button";
import type { ControlProps } from "./field";
import { searchable } from "./searchable";

/** The name of a unit; its code until the name is there, and when it cannot be had. */
export function UnitName({ code }: { code: string }) {
  const unit = useUnit(code);
  return unit ? <>{named(unit)}</> : <span class="code">{code}</span>;
}

/** The way from the root to a unit, each step a link. */
export function UnitPath({ path, to }: { path: readonly string[]; to: (code: string) => string }) {
  return (
    <nav class="crumbs" aria-label={t("path.label")}>
      <ol>
        {path.map((code, index) => (
          <li key={code}>
            {index === path.length - 1 ? (
              <span aria-current="page">
                <UnitName code={code} />
              </span>
            ) : (
              <Link href={to(code)}>
                <UnitName code={code} />
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

const WAIT_MS = 250;
const MOST = 12;

/**
 * A combobox over the union tree (ARIA 1.2): diacritics do not matter, arrows choose, Enter takes. value: a unit's
 * code, "" for none.
 */
export function UnitPicker({
  value,
  onChange,
  control,
  within,
  quiet = false,
  fixed = false,
}: {
  value: string;
  onChange: (code: string) => void;
  control: ControlProps;
  /** Without the help below the field. */
  quiet?: boolean;
  /** Shown, not to be changed. */
  fixed?: boolean;
  /** Only this unit and those below it. */
  within?: string;
}) {
  const list = useId();
  const chosen = useUnit(value || null);
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<Unit[] | null>(null);
  const [searching, setSearching] = useState(false);
  const [failed, setFailed] = useState(false);
  const [at, setAt] = useState(0);
  const [editing, setEditing] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const words = typed.trim();
    if (!searchable(words)) {
      setFound(null);
      setSearching(false);
      return;
    }
    let wanted = true;
    setSearching(true);
    const timer = setTimeout(() => {
      search(words, within).then(
        (units) => {
          if (!wanted) return;
          setFound(units);
          setAt(0);
          setSearching(false);
          setFailed(false);
        },
        () => {
          if (!wanted) return;
          setSearching(false);
          setFailed(true);
        },
      );
    }, WAIT_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [typed, within]);

  useEffect(() => {
    if (editing) input.current?.focus();
  }, [editing]);

  const take = (unit: Unit | undefined): void => {
    if (!unit) return;
    onChange(unit.code);
    setTyped("");
    setFound(null);
    setEditing(false);
  };

  if (value && !editing) {
    return (
      <div class="picked">
        <div id={control.id} tabIndex={-1}>
          <strong>{chosen ? named(chosen) : value}</strong>
          {chosen?.parent && (
            <div class="soft small">
              <UnitName code={chosen.parent} />
            </div>
          )}
        </div>
        {!fixed && (
          <Button small look="quiet" onClick={() => setEditing(true)}>
            {t("picker.change")}
          </Button>
        )}
      </div>
    );
  }

  const open = found !== null && found.length > 0;
  return (
    <div class="picker">
      <input
        {...control}
        ref={input}
        type="text"
        class="input"
        role="combobox"
        autoComplete="off"
        spellcheck={false}
        aria-autocomplete="list"
        aria-expanded={open ? "true" : "false"}
        aria-controls={list}
        aria-activedescendant={open ? `${list}-${at}` : undefined}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            setTyped("");
            setEditing(false);
          }
          if (!open) return;
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step !== undefined) {
            event.preventDefault();
            setAt((at + step + found.length) % found.length);
          }
          if (event.key === "Enter") {
            event.preventDefault();
            take(found[at]);
          }
        }}
      />
      <div class="note" role="status">
        {searching
          ? t("picker.searching")
          : failed
            ? t("problem.offline")
            : found === null
              ? quiet
                ? ""
                : t("picker.help")
              : found.length === 0
                ? t("picker.none")
                : t("picker.found", { n: found.length })}
      </div>
      <div id={list} role="listbox" class="options" hidden={!open} aria-label={t("picker.help")}>
        {found?.map((unit, index) => (
          <div
            key={unit.code}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at ? "true" : "false"}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(unit)}
          >
            <strong>{named(unit)}</strong>
            <span class="soft small">
              {said(`level.${unit.level}`, unit.level)}
              {unit.parent && (
                <>
                  {" · "}
                  <UnitName code={unit.parent} />
                </>
              )}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

async function search(words: string, within: string | undefined): Promise<Unit[]> {
  const page = await ok(
    submission.GET("/v1/units", { params: { query: { q: words, limit: within ? 50 : MOST } } }),
  );
  learnUnits(page.items);
  const units = within ? page.items.filter((unit) => unit.path?.includes(within)) : page.items;
  return units.slice(0, MOST);
}
