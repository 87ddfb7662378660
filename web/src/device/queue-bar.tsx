// Tells, on every page, of submissions that wait on this device, and sends them when the link or the sign-in is back.
import { useEffect } from "preact/hooks";
import { person, status } from "../auth/session";
import { Button, ButtonLink } from "../components/button";
import { announce } from "../components/status";
import { t } from "../i18n";
import { look, sendAll, sending, waiting } from "./outbox";

const AGAIN_MS = 20_000;

export function Queue() {
  const subject = person.value?.subject ?? null;
  const ready = status.value === "signed-in";
  const count = waiting.value.count;

  const send = async (): Promise<void> => {
    if (subject === null) return;
    // What waits is told of before it is sent, so that nobody closes the page on it unknowingly.
    await look(subject);
    const codes = await sendAll(subject);
    for (const code of codes) announce(t("submit.sent_late", { code }));
  };

  useEffect(() => {
    if (subject === null) {
      waiting.value = { count: 0, refused: [] };
      return;
    }
    if (!ready) {
      look(subject);
      return;
    }
    send();
    const back = (): void => {
      send();
    };
    window.addEventListener("online", back);
    const timer = setInterval(() => {
      if (waiting.value.count > 0) send();
    }, AGAIN_MS);
    return () => {
      window.removeEventListener("online", back);
      clearInterval(timer);
    };
  }, [subject, ready]);

  const refused = waiting.value.refused[0];
  if (count === 0 && refused === undefined) return null;
  return (
    <div class="queue warn" role="status">
      {count > 0 ? (
        <>
          <p>{t("submit.waiting", { n: count })}</p>
          <Button small busy={sending.value} onClick={send}>
            {t("submit.send_now")}
          </Button>
        </>
      ) : (
        <>
          <p>{t("submit.refused_late")}</p>
          <ButtonLink small to={`/submit/${refused}`}>
            {t("do.open")}
          </ButtonLink>
        </>
      )}
    </div>
  );
}
