// The benefit of a count as facts: what was declared and by how many, and how much of it a reviewer verified. Declared
// amounts are not comparable between units, so they are never shown without the share that is verified.
import type { Stats } from "../api/client";
import { number, vnd } from "../format";
import { t } from "../i18n";
import type { Fact } from "./facts";

export function benefitFacts(now: Stats["StandingAnswer"], basis: keyof Stats["Bases"]): Fact[] {
  const { count, quantified, verified, benefit_vnd, verified_benefit_vnd } = now.bases[basis];
  const of = (n: number) => t("benefit.share", { n: number(n), of: number(count) });
  return [
    { name: t("benefit.declared"), value: `${vnd(benefit_vnd)} (${of(quantified)})` },
    { name: t("benefit.verified"), value: `${vnd(verified_benefit_vnd)} (${of(verified)})` },
  ];
}
