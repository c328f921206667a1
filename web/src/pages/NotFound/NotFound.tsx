import { Compass } from "lucide-react";
import { Explanation } from "../../components/Explanation";
import { PageShell } from "../../components/PageShell";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { t } from "../../locales/later";
import { ButtonLink } from "../../ui/Button";

export default function NotFound() {
  useDocumentTitle(t("notFound.title"));
  return (
    <PageShell>
      <Explanation
        icon={<Compass aria-hidden="true" />}
        title={t("notFound.title")}
        text={t("notFound.text")}
      >
        <div className="flex flex-wrap justify-center gap-3">
          <ButtonLink to="/" variant="primary" size="large">
            {t("action.home")}
          </ButtonLink>
          <ButtonLink to="/join" size="large">
            {t("action.otherCode")}
          </ButtonLink>
        </div>
      </Explanation>
    </PageShell>
  );
}
