/**
 * Around parts that are loaded when they are first needed: when that fails (the server may be away
 * just then), the part says so, and the call goes on.
 */
import { Component, type ReactNode } from "react";
import { t } from "../locales/translate";

interface PartBoundaryProps {
  readonly children: ReactNode;
}

interface PartBoundaryState {
  readonly failed: boolean;
}

export class PartBoundary extends Component<PartBoundaryProps, PartBoundaryState> {
  override state: PartBoundaryState = { failed: false };

  static getDerivedStateFromError(): PartBoundaryState {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div role="alert" className="p-4 text-sm">
        <p className="m-0 font-semibold">{t("explain.chunk.title")}</p>
        <p className="m-0 text-muted">{t("explain.chunk.text")}</p>
      </div>
    );
  }
}
