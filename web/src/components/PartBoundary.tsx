/**
 * Around parts that are loaded when they are first needed: when that fails (the server may be away
 * or of another version just then), the part says so and can be tried again, and the call goes on.
 */
import { X } from "lucide-react";
import { Component, type ReactNode } from "react";
import { t } from "../locales/translate";
import { Button } from "../ui/Button";
import { IconButton } from "../ui/IconButton";
import { renewFailedParts } from "./lazyPart";

interface PartBoundaryProps {
  readonly children: ReactNode;
  /** For a part that would have brought its own way out. */
  readonly onClose?: () => void;
}

interface PartBoundaryState {
  readonly failed: boolean;
}

export class PartBoundary extends Component<PartBoundaryProps, PartBoundaryState> {
  override state: PartBoundaryState = { failed: false };

  static getDerivedStateFromError(): PartBoundaryState {
    return { failed: true };
  }

  override componentDidCatch() {
    renewFailedParts();
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    const { onClose } = this.props;
    return (
      <div role="alert" className="flex flex-wrap items-center gap-3 p-4 text-sm">
        <div className="min-w-48 flex-1">
          <p className="m-0 font-semibold">{t("explain.chunk.title")}</p>
          <p className="m-0 text-muted">{t("explain.part.text")}</p>
        </div>
        <Button size="small" variant="outline" onClick={() => this.setState({ failed: false })}>
          {t("action.retry")}
        </Button>
        {onClose !== undefined && (
          <IconButton label={t("action.dismiss")} onClick={onClose}>
            <X aria-hidden="true" size={18} />
          </IconButton>
        )}
      </div>
    );
  }
}
