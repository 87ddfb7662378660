// The receipt: the code, its QR code, the day by which an answer is expected; public by its code, made for printing.
import { useEffect, useState } from "preact/hooks";
import { ok, submission } from "../../api/client";
import { useQuery } from "../../api/query";
import { person } from "../../auth/session";
import { Button, ButtonLink } from "../../components/button";
import { Facts, PageHead, StateBadge } from "../../components/facts";
import { Problem } from "../../components/problem";
import { Skeleton } from "../../components/waiting";
import { day } from "../../format";
import { locale, t } from "../../i18n";
import { useAddressQuery } from "../../router";

export default function Receipt({ code = "" }: { code?: string }) {
  const [query] = useAddressQuery();
  const done = query.has("done");
  const receipt = useQuery(`receipt:${code}`, () =>
    ok(submission.GET("/v1/receipts/{code}", { params: { path: { code } } })),
  );
  if (!receipt.data) {
    return (
      <>
        <PageHead title={t("submit.receipt")} />
        {receipt.problem ? (
          <Problem problem={receipt.problem} retry={receipt.reload} />
        ) : (
          <Skeleton height={24} />
        )}
      </>
    );
  }
  const one = receipt.data;
  return (
    <>
      <PageHead
        title={done ? t("submit.receipt_done") : t("submit.receipt")}
        lead={t("submit.receipt_lead")}
      />
      <section class="card receipt">
        <div>
          <p class="soft small">{t("submit.receipt_code")}</p>
          <p class="receipt-code">{one.code}</p>
          <Facts
            facts={[
              { name: t("submit.receipt_unit"), value: one.unit_name_vi },
              {
                name: t("submit.receipt_campaign"),
                value: locale.value === "en" ? one.campaign_name_en : one.campaign_name_vi,
              },
              { name: t("submit.receipt_day"), value: day(one.submitted_on) },
              { name: t("submit.receipt_answer"), value: <strong>{day(one.expected_answer_on)}</strong> },
              { name: t("submit.receipt_state"), value: <StateBadge state={one.state} /> },
            ]}
          />
          <p class="soft small">{t("submit.receipt_basis")}</p>
        </div>
        <Qr text={`${location.origin}/#/receipts/${one.code}`} />
      </section>
      <div class="actions no-print">
        <Button look="primary" onClick={() => window.print()}>
          {t("do.print")}
        </Button>
        {person.value && <ButtonLink to="/initiatives">{t("submit.receipt_mine")}</ButtonLink>}
        {person.value && (
          <ButtonLink to="/submit" look="quiet">
            {t("submit.receipt_another")}
          </ButtonLink>
        )}
      </div>
    </>
  );
}

/** A QR code as one path; without its part of the program there is the code in letters. */
function Qr({ text }: { text: string }) {
  const [squares, setSquares] = useState<boolean[][] | null>(null);
  useEffect(() => {
    import("uqr").then(
      ({ encode }) => setSquares(encode(text, { border: 2 }).data),
      () => undefined,
    );
  }, [text]);
  if (squares === null) return <span class="qr" aria-hidden="true" />;
  const path = squares.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg
      class="qr"
      role="img"
      aria-label={t("submit.receipt_qr")}
      viewBox={`0 0 ${squares.length} ${squares.length}`}
      shape-rendering="crispEdges"
    >
      <path d={path} />
    </svg>
  );
}
