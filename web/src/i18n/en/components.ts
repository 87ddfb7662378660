import type { components as vi } from "../vi/components";

export const components: Record<keyof typeof vi, string> = {
  "problem.offline": "No connection",
  "problem.offline_what":
    "This device cannot reach the platform. What you typed is kept; try again when you are connected.",
  "problem.unavailable": "This part is not available at the moment",
  "problem.unavailable_what": "The other parts work as usual. Try again in a few minutes.",
  "problem.not_allowed": "You may not see this part",
  "problem.not_allowed_what": "Use another account, or ask the union official who grants access.",
  "problem.not_found": "Not found",
  "problem.not_found_what": "The address may be old. Check it, or go to the front page.",
  "problem.other": "This did not work",
  "problem.other_what": "Try again. If it fails again, tell support the code below.",
  "problem.trace": "Error code: {trace}",
  "problem.stale": "Could not be refreshed; these figures were loaded earlier.",
  "problem.fields": "{n} entry needs a change|{n} entries need a change",

  "do.retry": "Try again",
  "do.close": "Close",
  "do.cancel": "Cancel",
  "do.save": "Save",
  "do.more": "Show more",
  "do.back": "Back",
  "do.search": "Search",
  "do.clear": "Clear",
  "do.print": "Print",
  "do.open": "Open",
  "do.edit": "Edit",
  "do.remove": "Remove",
  "do.change": "Change",

  "wait.loading": "Loading…",
  "wait.saving": "Saving…",
  "wait.sending": "Sending…",

  "job.state_waiting": "waiting",
  "job.state_running": "running",
  "job.state_done": "done",
  "job.state_failed": "failed",
  "job.state_cancelled": "cancelled",
  "job.cancelling": "cancelling",
  "job.done_of": "{done} of {total}",
  "job.note_removing-messages": "removing messages",
  "job.error_retries-exhausted": "Tried many times without success.",
  "job.error_unexpected-error": "An unexpected error occurred.",
  "job.error_other": "Could not be completed.",

  "field.required": "required",
  "field.optional": "optional",
  "field.day_format": "day/month/year, as 31/05/2022",
  "field.bad_day": "Type the day as day/month/year, as 31/05/2022.",
  "field.pick_day": "Choose a day on the calendar",
  "field.chars": "{used}/{most} characters",
  "field.choose": "Choose…",

  "picker.help": "Type the unit's name, diacritics are not needed: “apatit”, “cong thuong”.",
  "picker.none": "No unit matches. Try fewer letters.",
  "picker.found": "{n} unit matches|{n} units match",
  "picker.searching": "Searching…",
  "picker.change": "Change the unit",

  "chart.table": "Show as a table",

  "table.empty": "No rows yet.",
  "table.scroll": "Table {name}, scroll sideways to see all",

  "path.label": "Place in the union tree",
};
