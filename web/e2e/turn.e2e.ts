/** Media that reaches the other side over a TURN server: ours, and one of the operator. */
import { expect } from "vitest";

import { Coturn } from "./harness/coturn";
import { People, test } from "./harness/fixtures";
import { pathsOnceConnected } from "./harness/paths";
import { allSeeAndHearEachOther } from "./harness/person";
import { Server } from "./harness/server";

/** The usual port may be another server's; browsers are told the one that the system chose. */
const ANY_PORT = { WECALL_TURN__LISTEN: "0.0.0.0:0" };

test("a call over the built-in TURN server", async ({ browser }) => {
  const server = await Server.start({ env: ANY_PORT });
  const people = new People(server, browser);
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id, { relayOnly: true });
  const grace = await people.join("Grace", room_id, { relayOnly: true });
  await allSeeAndHearEachOther([ada, grace]);
  const [path] = await pathsOnceConnected(ada.page, 1);
  // By UDP or by TCP, whichever was there first.
  expect(path?.local).toBe("relay");
  await people.dispose();
  await server.dispose();
});

test("a person behind a relay reaches one who is not", async ({ browser }) => {
  const server = await Server.start({
    // They meet on this machine, whose addresses are private.
    env: { ...ANY_PORT, WECALL_TURN__ALLOWED_PEERS: "0.0.0.0/0,::/0" },
  });
  const people = new People(server, browser);
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id, { relayOnly: true });
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  const [path] = await pathsOnceConnected(ada.page, 1);
  expect(path?.local).toBe("relay");
  await people.dispose();
  await server.dispose();
});

test("a call over coturn", async ({ browser }) => {
  const coturn = await Coturn.start("127.0.0.1");
  const server = await Server.start({
    env: {
      WECALL_TURN__EXTERNAL_URLS: coturn.url,
      WECALL_TURN__EXTERNAL_SECRET_FILE: coturn.secretFile,
    },
  });
  const people = new People(server, browser);
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id, { relayOnly: true });
  const grace = await people.join("Grace", room_id, { relayOnly: true });
  await allSeeAndHearEachOther([ada, grace]);
  const [path] = await pathsOnceConnected(ada.page, 1);
  expect(path?.local).toBe("relay");
  await people.dispose();
  await server.dispose();
  await coturn.dispose();
});
