import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { deviceActions, level, media, without } from "../../gallery/fakes";
import { t } from "../../locales/later";
import { Prejoin, type PrejoinProps } from "./Prejoin";

vi.mock("../../gallery/pictures", () => ({ figureStream: () => new MediaStream() }));

afterEach(cleanup);

function show(changes: Partial<PrejoinProps>) {
  const onJoin = vi.fn<PrejoinProps["onJoin"]>();
  const nothing = () => undefined;
  render(
    <Prejoin
      title="Team meeting"
      people={0}
      asHost={false}
      initialName=""
      media={media()}
      level={level}
      origin="http://192.168.1.20:8000"
      joining="no"
      nameError={null}
      otherTab={false}
      onTakeOver={nothing}
      onMicrophone={nothing}
      onCamera={nothing}
      onRetry={nothing}
      deviceActions={deviceActions}
      onJoin={onJoin}
      {...changes}
    />,
  );
  return { onJoin, field: screen.getByLabelText(t("prejoin.name")) };
}

test("a name is asked for before joining, and trimmed", async () => {
  const { onJoin, field } = show({});
  await userEvent.click(screen.getByRole("button", { name: t("prejoin.join") }));
  expect(screen.getByRole("alert").textContent).toBe(t("prejoin.nameEmpty"));
  expect(onJoin).not.toHaveBeenCalled();
  await userEvent.type(field, "  Ada {Enter}");
  expect(onJoin).toHaveBeenCalledWith("Ada");
});

test("without any device one can join all the same", async () => {
  const { onJoin } = show({ initialName: "Ada", media: without("denied-by-browser") });
  const title = t("media.denied-by-browser.title", { device: t("media.both") });
  expect(await screen.findByRole("heading", { name: title })).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: t("prejoin.joinWithout") }));
  expect(onJoin).toHaveBeenCalledWith("Ada");
});

test("plain HTTP names the address that it is about", async () => {
  show({ media: without("insecure-context") });
  expect((await screen.findByRole("alert")).textContent).toContain("http://192.168.1.20:8000");
});

test("while the server is away it says that it goes on by itself", () => {
  show({ joining: "waiting" });
  expect(screen.getByText(t("prejoin.waiting"))).toBeTruthy();
});
