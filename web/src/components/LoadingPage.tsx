import { t } from "../locales/translate";
import { Spinner } from "../ui/Spinner";
import { PageShell } from "./PageShell";

interface LoadingPageProps {
  readonly text?: string;
}

/** Only for moments that end by themselves. */
export function LoadingPage({ text = t("app.loading") }: LoadingPageProps) {
  return (
    <PageShell>
      <h1 className="sr-only">{t("app.name")}</h1>
      <p role="status" className="m-0 flex items-center justify-center gap-3 text-lg text-muted">
        <Spinner />
        {text}
      </p>
    </PageShell>
  );
}
