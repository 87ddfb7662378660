// Who holds which role at a unit, as far as the directory tells officers of that unit.
import { notify, ok } from "../../api/client";
import { useQuery } from "../../api/query";
import { Problem, Stale } from "../../components/problem";
import { DataTable } from "../../components/table";
import { Skeleton } from "../../components/waiting";
import { said, t } from "../../i18n";

export function People({ code }: { code: string }) {
  const people = useQuery(code ? `people:${code}` : null, () =>
    ok(notify.GET("/v1/units/{code}/people", { params: { path: { code } } })),
  );
  const found = people.data;
  return (
    <section class="card">
      <h2>{t("unit.people")}</h2>
      {found ? (
        <>
          <Stale problem={people.problem} retry={people.reload} />
          <DataTable
            caption={t("unit.people")}
            captionHidden
            rows={found.items}
            rowKey={(one) => `${one.name}:${one.roles.join()}`}
            empty={t("unit.people_none")}
            columns={[
              {
                name: t("unit.people_name"),
                cell: (one) => one.name ?? t("unit.people_unnamed"),
                head: true,
              },
              {
                name: t("unit.people_roles"),
                cell: (one) => one.roles.map((role) => said(`role.${role}`, role)).join(", "),
              },
            ]}
          />
        </>
      ) : people.problem?.status === 403 ? (
        <p class="soft">{t("unit.people_not_here")}</p>
      ) : people.problem ? (
        <Problem problem={people.problem} retry={people.reload} />
      ) : (
        <Skeleton lines={4} />
      )}
    </section>
  );
}
