import { TriangleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { t } from "../locales/translate";
import { Button } from "../ui/Button";
import { Explanation } from "./Explanation";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

interface ErrorBoundaryState {
  readonly error: unknown;
  readonly failed: boolean;
}

/** How browsers say that a file of the page could not be had. */
const CHUNK_ERROR = /dynamically imported module|importing a module script|preload/i;

/** The last resort: never a blank page. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: null, failed: false };

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { error, failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    const message = String(this.state.error);
    const chunk = CHUNK_ERROR.test(message);
    return (
      <main className="grid min-h-dvh place-items-center bg-bg p-6 text-text">
        <Explanation
          icon={<TriangleAlert aria-hidden="true" />}
          title={t(chunk ? "explain.chunk.title" : "explain.crash.title")}
          text={t(chunk ? "explain.chunk.text" : "explain.crash.text")}
        >
          <Button variant="primary" size="large" onClick={() => window.location.reload()}>
            {t("action.reload")}
          </Button>
          {!chunk && <p className="m-0 text-sm text-muted">{t("explain.crash.detail", { message })}</p>}
        </Explanation>
      </main>
    );
  }
}
