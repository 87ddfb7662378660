// Deletes a draft after asking once, here and on this device. What was submitted is withdrawn instead.
import { useState } from "preact/hooks";
import { full, ok, submission } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import { forget } from "../../api/query";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Problem } from "../../components/problem";
import { announce } from "../../components/status";
import { dropOfServer } from "../../device/store";
import { t } from "../../i18n";

export function DeleteDraft({ id, small, done }: { id: string; small?: boolean; done: () => void }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const remove = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const path = { id };
      const now = await full(submission.GET("/v1/initiatives/{id}", { params: { path } }));
      await ok(
        submission.DELETE("/v1/initiatives/{id}", { params: { path, header: { "If-Match": now.etag } } }),
      );
      await dropOfServer(id);
      announce(t("mine.deleted"));
      forget("initiatives:");
      forget(`initiative:${id}`);
      setOpen(false);
      done();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button look="danger" small={small} onClick={() => setOpen(true)}>
        {t("mine.delete")}
      </Button>
      <Dialog
        open={open}
        title={t("mine.delete")}
        onClose={() => setOpen(false)}
        actions={
          <>
            <Button look="danger" busy={busy} onClick={remove}>
              {t("mine.delete_do")}
            </Button>
            <Button look="quiet" onClick={() => setOpen(false)}>
              {t("do.cancel")}
            </Button>
          </>
        }
      >
        {problem && <Problem problem={problem} />}
        <p>{t("mine.delete_what")}</p>
      </Dialog>
    </>
  );
}
