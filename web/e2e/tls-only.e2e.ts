/**
 * A network that lets out nothing but TLS to two ports: HTTPS, and TURN over TLS. Each person has a
 * network namespace, so this needs root on Linux.
 */
import { expect } from "vitest";

import { People } from "./harness/fixtures";
import { pathsOnceConnected } from "./harness/paths";
import { allSeeAndHearEachOther } from "./harness/person";
import { testWithPlace } from "./harness/place";
import { freePort } from "./harness/ports";

// The harness asks the server too, whose certificate is of its own local authority.
process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";

const tlsPort = await freePort("0.0.0.0");

const test = testWithPlace(() => ["--ignore-certificate-errors"], {
  scheme: "https",
  args: ["--lan"],
  env: { WECALL_TURN__LISTEN: "0.0.0.0:0", WECALL_TURN__TLS_LISTEN: `0.0.0.0:${tlsPort}` },
});

test("with nothing but TLS the call goes over TURN by TLS", async ({ place }) => {
  const https = Number(new URL(place.server.origin).port);
  for (const host of place.hosts) host.allowOnlyTcp([https, tlsPort]);
  const options = { context: { ignoreHTTPSErrors: true } };
  const people = new People(place.server, place.browsers[0]);
  const { room_id } = await place.server.createRoom();
  const ada = await people.join("Ada", room_id, options);
  const grace = await people.join("Grace", room_id, { ...options, browser: place.browsers[1] });
  await allSeeAndHearEachOther([ada, grace]);
  const [path] = await pathsOnceConnected(ada.page, 1);
  expect(path).toMatchObject({ local: "relay", relayProtocol: "tls" });
  await people.dispose();
});
