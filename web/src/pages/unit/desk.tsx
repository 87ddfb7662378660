// The unit desk: how a unit and those below it stand, what is allotted to them, who holds which role there, and all of it
// as a file. Each part has a reading of its own.
import { Button } from "../../components/button";
import { PageHead } from "../../components/facts";
import { Field, Select } from "../../components/field";
import { Problem } from "../../components/problem";
import { UnitPath, UnitPicker } from "../../components/unit";
import { Skeleton } from "../../components/waiting";
import { type Campaign, useCampaigns, useUnit } from "../../api/reference";
import { person } from "../../auth/session";
import { named, t } from "../../i18n";
import { go, useAddressQuery } from "../../router";
import { defaultCampaign, type View } from "../front/figures";
import { Children } from "./children";
import { Funnel } from "./funnel";
import { People } from "./people";

const DESK_ROLES = ["official", "support", "reviewer", "admin"] as const;

export default function Desk({ code }: { code?: string }) {
  const grants = person.value?.grants ?? [];
  const mine = [
    ...new Set(
      DESK_ROLES.flatMap((role) => grants.filter((one) => one.role === role).map((one) => one.unit)),
    ),
  ];
  const at = code ?? mine[0] ?? "";
  const unit = useUnit(at || null);
  const [query, setQuery] = useAddressQuery();
  const all = useCampaigns();
  const campaign =
    all.data?.find((one) => one.id === query.get("campaign")) ?? defaultCampaign(all.data ?? [], new Date());
  const to = (other: string): string => {
    const kept = query.toString();
    return `/desk/${encodeURIComponent(other)}${kept ? `?${kept}` : ""}`;
  };
  const view: View | null = campaign
    ? { unit: at, campaign: campaign.id, basis: "approved", asOf: null }
    : null;
  const allots = grants.some(
    (one) => (one.role === "official" || one.role === "admin") && unit?.path?.includes(one.unit),
  );
  return (
    <>
      {unit && unit.path && unit.path.length > 1 && <UnitPath path={unit.path} to={to} />}
      <PageHead title={t("unit.title")} lead={unit ? named(unit) : at} />
      <div class="controls">
        {mine.length > 1 && <MyUnits units={mine} at={at} to={to} />}
        <CampaignSelect
          campaigns={all.data ?? []}
          value={campaign?.id ?? ""}
          onChange={(id) => setQuery({ campaign: id })}
        />
        <Field label={t("unit.find")}>
          {(control) => (
            <UnitPicker
              control={control}
              value=""
              onChange={(other) => go(to(other))}
              within={mine[0] ?? at}
              quiet
            />
          )}
        </Field>
      </div>
      {all.problem && !all.data && <Problem problem={all.problem} retry={all.reload} />}
      {view && campaign ? (
        <>
          <Funnel key={`${at}:${campaign.id}`} view={view} />
          <Children key={`c:${at}:${campaign.id}`} view={view} to={to} allots={allots} />
        </>
      ) : (
        !all.problem && <Skeleton height={24} />
      )}
      <People key={`p:${at}`} code={at} />
    </>
  );
}

function MyUnits({ units, at, to }: { units: readonly string[]; at: string; to: (code: string) => string }) {
  return (
    <div class="field">
      <p class="label">{t("unit.mine")}</p>
      <div class="switch">
        {units.map((code) => (
          <MyUnit key={code} code={code} pressed={code === at} open={() => go(to(code))} />
        ))}
      </div>
    </div>
  );
}

function MyUnit({ code, pressed, open }: { code: string; pressed: boolean; open: () => void }) {
  const unit = useUnit(code);
  return (
    <Button small pressed={pressed} onClick={open}>
      {unit ? named(unit) : code}
    </Button>
  );
}

function CampaignSelect({
  campaigns,
  value,
  onChange,
}: {
  campaigns: readonly Campaign[];
  value: string;
  onChange: (id: string) => void;
}) {
  return (
    <Field label={t("unit.campaign")}>
      {(control) => (
        <Select
          control={control}
          value={value}
          options={campaigns.map((one) => ({ value: one.id, label: named(one) }))}
          onChange={onChange}
        />
      )}
    </Field>
  );
}
