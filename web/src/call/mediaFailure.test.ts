import { describe, expect, it } from "vitest";

import { failureBeforeAsking, failureOf } from "./mediaFailure";

function error(name: string, message = ""): DOMException {
  return new DOMException(message, name);
}

describe("an error of getUserMedia", () => {
  it.each([
    ["NotAllowedError", "Permission denied", "denied", "denied-by-browser"],
    ["NotAllowedError", "Permission denied by system", "granted", "denied-by-system"],
    ["NotAllowedError", "Permission dismissed", "prompt", "dismissed"],
    // Firefox has one message for all three.
    ["NotAllowedError", "not allowed by the user agent", "granted", "denied-by-system"],
    ["NotAllowedError", "not allowed by the user agent", "prompt", "dismissed"],
    ["NotAllowedError", "not allowed by the user agent", null, "denied-by-browser"],
    ["NotFoundError", "", null, "not-found"],
    ["OverconstrainedError", "", null, "not-found"],
    ["NotReadableError", "Could not start video source", null, "busy"],
    ["SecurityError", "", null, "denied-by-browser"],
    ["SomethingNew", "", null, "unknown"],
  ] as const)("%s %j with permission %j is %s", (name, message, permission, failure) => {
    expect(failureOf(error(name, message), permission)).toBe(failure);
  });

  it("that is no error is unknown", () => {
    expect(failureOf("oops", null)).toBe("unknown");
  });
});

describe("before asking", () => {
  const mediaDevices = { getUserMedia: () => {} } as unknown as MediaDevices;

  it("tells plain HTTP from a browser without devices", () => {
    expect(failureBeforeAsking({ isSecureContext: false, mediaDevices: undefined })).toBe("insecure-context");
    expect(failureBeforeAsking({ isSecureContext: true, mediaDevices: undefined })).toBe("unsupported");
    expect(failureBeforeAsking({ isSecureContext: true, mediaDevices })).toBeNull();
  });
});
