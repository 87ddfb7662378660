// Buttons and links that look like them. A busy button stays where it is, says so and takes no second press.
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";

export type Look = "primary" | "secondary" | "quiet" | "danger";

interface Props {
  look?: Look;
  busy?: boolean;
  disabled?: boolean;
  small?: boolean;
  type?: "button" | "submit";
  onClick?: (event: MouseEvent) => void;
  children: ComponentChildren;
  label?: string;
  pressed?: boolean;
  expanded?: boolean;
  controls?: string;
  id?: string;
}

export function Button({
  look = "secondary",
  busy = false,
  small = false,
  type = "button",
  ...props
}: Props) {
  return (
    <button
      id={props.id}
      type={type}
      class={`button ${look}${small ? " small" : ""}`}
      aria-disabled={busy || props.disabled ? "true" : undefined}
      aria-busy={busy ? "true" : undefined}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      onClick={(event) => {
        if (busy || props.disabled) event.preventDefault();
        else props.onClick?.(event);
      }}
    >
      {busy && <span class="spinner" aria-hidden="true" />}
      {props.children}
    </button>
  );
}

export function ButtonLink({
  to,
  look = "secondary",
  small = false,
  children,
}: {
  to: string;
  look?: Look;
  small?: boolean;
  children: ComponentChildren;
}) {
  return (
    <Link href={to} class={`button ${look}${small ? " small" : ""}`}>
      {children}
    </Link>
  );
}
