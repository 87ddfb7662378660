// My settings: which news are mailed, in which language; and who I am here.
import { useEffect, useState } from "preact/hooks";
import { full, type Notify, notify, ok } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import { useQuery } from "../../api/query";
import { person } from "../../auth/session";
import { Button } from "../../components/button";
import { Facts, PageHead } from "../../components/facts";
import { Checkbox, Choices } from "../../components/field";
import { Problem } from "../../components/problem";
import { announce } from "../../components/status";
import { UnitName } from "../../components/unit";
import { Skeleton } from "../../components/waiting";
import { type Locale, said, setLocale, t } from "../../i18n";

const read = () => full(notify.GET("/v1/contacts/me"));

export default function Preferences() {
  const contact = useQuery("contact", read);
  return (
    <>
      <PageHead title={t("inbox.preferences")} lead={t("inbox.pref_lead")} />
      {contact.data ? (
        <Choosing stored={contact.data.data} etag={contact.data.etag} reload={contact.reload} />
      ) : contact.problem ? (
        <Problem problem={contact.problem} retry={contact.reload} />
      ) : (
        <Skeleton height={24} />
      )}
      <Who />
    </>
  );
}

function Choosing({ stored, etag, reload }: { stored: Notify["Contact"]; etag: string; reload: () => void }) {
  const [mail, setMail] = useState(stored.mail);
  const [language, setLanguage] = useState<Locale>(stored.locale);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  useEffect(() => {
    setMail(stored.mail);
    setLanguage(stored.locale);
  }, [stored]);

  const save = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await ok(
        notify.PUT("/v1/contacts/me", {
          params: { header: { "If-Match": etag } },
          body: { locale: language, mail },
        }),
      );
      await setLocale(language);
      announce(t("inbox.pref_saved"));
      reload();
    } catch (error) {
      const found = asProblem(error);
      if (found.code === "version-conflict") {
        announce(t("inbox.pref_conflict"), "bad");
        reload();
      } else setProblem(found);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {problem && <Problem problem={problem} />}
      <fieldset class="choices">
        <legend>{t("inbox.pref_mail")}</legend>
        <p class="help">
          {stored.email ? t("inbox.pref_address", { email: stored.email }) : t("inbox.pref_no_address")}
        </p>
        {Object.keys(mail).map((kind) => (
          <Checkbox
            key={kind}
            checked={mail[kind] ?? false}
            onChange={(on) => setMail({ ...mail, [kind]: on })}
            label={said(`inbox.k_${kind}`, kind)}
          />
        ))}
      </fieldset>
      <Choices
        legend={t("inbox.pref_locale")}
        value={language}
        inline
        options={[
          { value: "vi", label: "Tiếng Việt" },
          { value: "en", label: "English" },
        ]}
        onChange={(chosen) => setLanguage(chosen as Locale)}
      />
      <Button type="submit" look="primary" busy={busy}>
        {t("do.save")}
      </Button>
    </form>
  );
}

function Who() {
  const me = person.value;
  if (me === null) return null;
  return (
    <section class="card">
      <h2>{t("inbox.who")}</h2>
      <Facts
        facts={[
          { name: t("inbox.who_name"), value: me.name },
          {
            name: t("inbox.who_id"),
            value: (
              <>
                <span class="code">{me.subject}</span>
                <br />
                <span class="soft small">{t("inbox.who_id_help")}</span>
              </>
            ),
          },
          {
            name: t("inbox.who_roles"),
            value: (
              <ul class="plain">
                {me.grants.map((grant) => (
                  <li key={grant.role + grant.unit}>
                    {t(`role.${grant.role}`)} · <UnitName code={grant.unit} />
                  </li>
                ))}
              </ul>
            ),
          },
        ]}
      />
    </section>
  );
}
