// The case as it is read: the content with the author's changes, the levels, the history. It decides nothing.
import { useState } from "preact/hooks";
import type { Review } from "../../api/client";
import { Button } from "../../components/button";
import { UnitName } from "../../components/unit";
import { day, moment, vnd } from "../../format";
import { said, t } from "../../i18n";
import { type Compared, labelOf } from "./content";

type Case = Review["Case"];
type Entry = Review["Entry"];

export function ContentRows({
  rows,
  asked,
  ask,
}: {
  rows: readonly Compared[];
  /** What was asked of the author last, shown at the fields that it means. */
  asked: readonly Review["Item"][];
  /** Begins a request about a field; absent when there is nothing to decide. */
  ask: ((pointer: string) => void) | undefined;
}) {
  const changed = rows.filter((row) => row.changes !== null);
  const [marked, setMarked] = useState(true);
  const [only, setOnly] = useState(false);
  const shown = only && changed.length > 0 ? changed : rows.filter((row) => row.text || row.changes);
  return (
    <>
      {changed.length > 0 && (
        <div class="changes-bar">
          <p>{t("review.changed", { n: changed.length })}</p>
          <div class="switch">
            <Button small pressed={marked} onClick={() => setMarked(!marked)}>
              {t("review.mark_changes")}
            </Button>
            <Button small pressed={only} onClick={() => setOnly(!only)}>
              {t("review.only_changes")}
            </Button>
          </div>
        </div>
      )}
      {shown.map((row) => (
        <section key={row.pointer} class="content-row" data-pointer={row.pointer}>
          <div class="content-head">
            <h3>
              {row.label} {row.changes && <span class="badge warn">{t("review.was_changed")}</span>}
            </h3>
            {ask && (
              <Button
                small
                look="quiet"
                label={t("review.ask_about", { field: row.label })}
                onClick={() => ask(row.pointer)}
              >
                {t("review.ask")}
              </Button>
            )}
          </div>
          {asked
            .filter((item) => item.pointer === row.pointer || item.pointer.startsWith(`${row.pointer}/`))
            .map((item) => (
              <p key={item.code + item.text} class="asked">
                <strong>{t("review.was_asked")}</strong> {item.text}
              </p>
            ))}
          <p class="prewrap">
            {marked && row.changes
              ? row.changes.map((piece, index) =>
                  piece.kind === "same" ? (
                    piece.text
                  ) : piece.kind === "out" ? (
                    <del key={index}>
                      <span class="hidden">{t("review.removed")} </span>
                      {piece.text}
                    </del>
                  ) : (
                    <ins key={index}>
                      <span class="hidden">{t("review.added")} </span>
                      {piece.text}
                    </ins>
                  ),
                )
              : row.text || <span class="soft">{t("review.left_empty")}</span>}
          </p>
        </section>
      ))}
    </>
  );
}

export function Levels({ one }: { one: Case }) {
  return (
    <ol class="levels">
      {one.path_of_levels.map((level) => (
        <li
          key={level.level}
          aria-current={level.level === one.level && one.waiting_for ? "step" : undefined}
        >
          {said(`role.${level.role}`, level.role)}
          <div>{level.unit_name ?? <UnitName code={level.unit} />}</div>
          <div class="soft small">
            {level.validated_at
              ? t("review.level_passed", { moment: moment(level.validated_at) })
              : t("review.level_time", { n: level.due_working_days })}
          </div>
        </li>
      ))}
    </ol>
  );
}

export function History({ one }: { one: Case }) {
  return (
    <ol class="history">
      {[...one.history].reverse().map((entry, index) => (
        <li key={one.history.length - index}>
          <p>
            <strong>{said(`review.did_${entry.what}`, entry.what)}</strong>{" "}
            <span class="soft small">{moment(entry.at)}</span>
          </p>
          {entry.role && entry.unit && (
            <p class="soft small">
              {said(`role.${entry.role}`, entry.role)} · <UnitName code={entry.unit} /> ·{" "}
              {t("review.at_level", { level: entry.level })}
            </p>
          )}
          <EntryWords entry={entry} one={one} />
        </li>
      ))}
    </ol>
  );
}

function EntryWords({ entry, one }: { entry: Entry; one: Case }) {
  const reason = one.reject_reasons.find((known) => known.code === entry.reason_code);
  return (
    <>
      {entry.reason_code && <p>{reason?.text ?? entry.reason_code}</p>}
      {entry.text && <p class="prewrap">{entry.text}</p>}
      {entry.verified_benefit_vnd !== null && (
        <p>
          {t("review.verified")}: {vnd(entry.verified_benefit_vnd)}
        </p>
      )}
      {entry.items.length > 0 && (
        <ul>
          {entry.items.map((item) => (
            <li key={item.pointer + item.code + item.text}>
              <strong>{labelOf(item.pointer)}:</strong> {item.text}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

export function caseFacts(one: Case) {
  return [
    { name: t("review.code"), value: <span class="code">{one.code}</span> },
    { name: t("review.unit"), value: <UnitName code={one.unit} /> },
    { name: t("review.submitted"), value: moment(one.submitted_at) },
    { name: t("review.answer_on"), value: day(one.expected_answer_on) },
    one.benefit_verified_vnd !== null && { name: t("review.verified"), value: vnd(one.benefit_verified_vnd) },
    { name: t("review.source"), value: said(`review.source_${one.source}`, one.source) },
  ];
}
