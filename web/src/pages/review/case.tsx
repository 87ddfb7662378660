import { PageHead } from "../../components/facts";
import { t } from "../../i18n";

export default function Placeholder() {
  return <PageHead title={t("review.title")} />;
}
