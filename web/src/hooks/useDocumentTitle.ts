import { useEffect } from "react";
import { t } from "../locales/translate";

/** `(2) Team meeting – WeCall` */
export function useDocumentTitle(title: string | null, unread = 0): void {
  useEffect(() => {
    const name = title === null ? t("app.name") : `${title} – ${t("app.name")}`;
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  }, [title, unread]);
}
