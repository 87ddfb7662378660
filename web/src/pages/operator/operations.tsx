// The operator's page: how each service fares by its own account, and its dead letters with a replay. A service that does
// not answer takes only its own part away.
import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem } from "../../api/problem";
import { useQuery } from "../../api/query";
import { Button } from "../../components/button";
import { Facts, PageHead } from "../../components/facts";
import { Panel, Problem, Stale } from "../../components/problem";
import { announce } from "../../components/status";
import { DataTable } from "../../components/table";
import { Skeleton } from "../../components/waiting";
import { moment, number } from "../../format";
import { said, t } from "../../i18n";
import { Jobs } from "./jobs";
import { outboxAge, type Report, type Service, SERVICES, silent } from "./services";

const REFRESH_MS = 10_000;

export default function Operations() {
  return (
    <>
      <PageHead title={t("operator.title")} lead={t("operator.lead")} />
      <div class="services">
        {SERVICES.map((service) => (
          <ServiceCard key={service.name} service={service} />
        ))}
      </div>
    </>
  );
}

function ServiceCard({ service }: { service: Service }) {
  const key = `operations:${service.name}`;
  const seen = useQuery(key, service.read, { refreshMs: REFRESH_MS });
  const report = seen.data;
  const away = seen.problem && seen.problem.status !== 403;
  return (
    <section class="card" aria-label={service.name}>
      <div class="section-head">
        <h2>
          {said(`operator.service_${service.name}`, service.name)}{" "}
          <span class="code soft">{service.name}</span>
        </h2>
        <span class={`badge ${away ? "bad" : report?.ready ? "good" : report ? "bad" : ""}`}>
          {away
            ? t("operator.away")
            : report
              ? t(report.ready ? "operator.ready" : "operator.not_ready")
              : t("wait.loading")}
        </span>
      </div>
      {report ? (
        <>
          <Stale problem={seen.problem} retry={seen.reload} />
          <Stopped report={report} service={service} changed={seen.reload} />
          <Health report={report} />
          <Lags report={report} />
          <Letters report={report} service={service} changed={seen.reload} />
          {service.jobs && <Jobs service={service.name} jobs={service.jobs} />}
        </>
      ) : seen.problem ? (
        <Problem problem={seen.problem} retry={seen.reload} />
      ) : (
        <Skeleton height={12} />
      )}
    </section>
  );
}

function Health({ report }: { report: Report }) {
  const now = new Date();
  const age = outboxAge(report, now);
  const waiting = report.outbox.reduce((sum, one) => sum + one.waiting, 0);
  const quiet = silent(report, now);
  return (
    <>
      {quiet && <p class="stale">{t("operator.silent")}</p>}
      <Facts
        facts={[
          {
            name: t("operator.parts"),
            value: report.parts.map((part) => (
              <div key={part.name}>
                {said(`operator.part_${part.name}`, part.name)}:{" "}
                <span class={part.result === "ok" ? "" : "badge bad"}>
                  {part.result === "ok" ? t("operator.ok") : part.result}
                </span>
              </div>
            )),
          },
          {
            name: t("operator.lag"),
            value: t("operator.records", {
              n: number(report.lag.reduce((sum, one) => sum + one.records, 0)),
            }),
          },
          report.outbox.length > 0 && {
            name: t("operator.outbox"),
            value:
              waiting === 0
                ? t("operator.outbox_empty")
                : t("operator.outbox_waiting", { waiting: number(waiting), age: number(age ?? 0) }),
          },
          { name: t("operator.dead"), value: number(report.dead) },
          { name: t("operator.engine"), value: `${report.engine.name} ${report.engine.version}` },
          {
            name: t("operator.measured"),
            value: report.measured_at === null ? t("operator.never") : moment(report.measured_at),
          },
        ]}
      />
    </>
  );
}

function Stopped({ report, service, changed }: { report: Report; service: Service; changed: () => void }) {
  const [busy, setBusy] = useState(false);
  if (!report.parked) return null;
  const { topic, partition, offset, since } = report.parked;
  const release = async (): Promise<void> => {
    setBusy(true);
    try {
      await service.release();
      announce(t("operator.released"));
      changed();
    } catch (error) {
      const problem = asProblem(error);
      announce(problem.detail || problem.title || t("problem.unavailable"), "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel look="warn" title={t("operator.parked")}>
      <p>{t("operator.parked_what")}</p>
      <p class="code small">{t("operator.parked_at", { topic, partition, offset, since: moment(since) })}</p>
      <Button look="primary" busy={busy} onClick={release}>
        {t("operator.release")}
      </Button>
    </Panel>
  );
}

function Lags({ report }: { report: Report }) {
  if (report.lag.length === 0) return null;
  return (
    <details>
      <summary>{t("operator.lag_topics")}</summary>
      <DataTable
        caption={t("operator.lag_topics")}
        captionHidden
        rows={report.lag}
        rowKey={(one) => one.topic}
        columns={[
          { name: t("operator.topic"), cell: (one) => <span class="code">{one.topic}</span>, head: true },
          { name: t("operator.lag"), cell: (one) => number(one.records), number: true },
        ]}
      />
    </details>
  );
}

function Letters({ report, service, changed }: { report: Report; service: Service; changed: () => void }) {
  const [busy, setBusy] = useState<number | null>(null);
  const gone = useRef(false);
  useEffect(() => () => void (gone.current = true), []);
  if (report.letters.length === 0) return null;
  const stateOf = (offset: number) => report.replays.find((one) => one.offset === offset);
  const replay = async (offset: number): Promise<void> => {
    setBusy(offset);
    try {
      await service.replay(offset);
      announce(t("operator.replay_asked", { offset }));
      changed();
    } catch (error) {
      const problem = asProblem(error);
      announce(problem.detail || problem.title || t("problem.unavailable"), "bad");
    } finally {
      if (!gone.current) setBusy(null);
    }
  };
  return (
    <div class="letters">
      <h3>{t("operator.letters")}</h3>
      <p class="soft small">{t("operator.letters_what")}</p>
      {report.dead > report.letters.length && (
        <p class="soft">
          {t("operator.letters_oldest", { n: report.letters.length, all: number(report.dead) })}
        </p>
      )}
      <DataTable
        caption={t("operator.letters")}
        captionHidden
        rows={report.letters}
        rowKey={(one) => String(one.offset)}
        columns={[
          {
            name: t("operator.topic"),
            head: true,
            cell: (one) => (
              <>
                <span class="code">{one.topic}</span>
                <div class="soft small code">{one.key}</div>
              </>
            ),
          },
          {
            name: t("operator.reason"),
            cell: (one) => (
              <span>
                {said(`operator.class_${one.error_class}`, one.error_class)}{" "}
                <span class="code soft">{one.error_code}</span>
              </span>
            ),
          },
          { name: t("operator.attempts"), cell: (one) => number(one.attempts), number: true },
          { name: t("operator.at"), cell: (one) => (one.at ? moment(one.at) : "–") },
          {
            name: t("operator.act"),
            cell: (one) => {
              const state = stateOf(one.offset);
              if (state?.state === "asked") return <span class="badge">{t("operator.replaying")}</span>;
              return (
                <span>
                  {state?.state === "failed" && (
                    <span class="badge bad">{t("operator.failed", { error: state.error ?? "" })}</span>
                  )}{" "}
                  <Button
                    small
                    busy={busy === one.offset}
                    label={`${t("operator.replay")} ${one.topic} ${one.offset}`}
                    onClick={() => replay(one.offset)}
                  >
                    {t("operator.replay")}
                  </Button>
                </span>
              );
            },
          },
        ]}
      />
    </div>
  );
}
