import { t } from "../../../locales/later";
import { ButtonLink } from "../../../ui/Button";

/** The ways on when this call is not one. */
export function ElsewhereLinks() {
  return (
    <>
      <ButtonLink to="/join" variant="primary" size="large">
        {t("action.otherCode")}
      </ButtonLink>
      <ButtonLink to="/new">{t("action.newCall")}</ButtonLink>
    </>
  );
}
