// The mode of a socket's file, at first and finally, under a umask of the process that each test
// restores.

import { assertEquals, assertThrows } from "@std/assert";
import { SocketFixture, socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import { freePath, listenAt } from "../../../testing/conformance/unix_transport.ts";
import { DenoReactor } from "./reactor.ts";
import { bindWithMode } from "./unix_mode.ts";

const test = socketTest("bindWithMode()", (errors) => new SocketFixture(new DenoReactor(), errors));

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

/**
 * Binds with a mode under a umask.
 *
 * @returns The file's mode at first, and finally.
 */
function modes(fixture: SocketFixture, umask: number, mode: number): string[] {
  const path = freePath(fixture);
  const seen: number[] = [];
  const before = Deno.umask(umask);
  try {
    bindWithMode(path, mode, () => {
      const listener = fixture.closeAfter(listenAt(path));
      seen.push(modeOf(path));
      return listener;
    });
    assertEquals(Deno.umask(), umask, "the umask is put back");
  } finally {
    Deno.umask(before);
  }
  return [...seen, modeOf(path)].map((each) => each.toString(8));
}

for (const umask of [0, 0o002, 0o022, 0o077]) {
  Deno.test(
    test(`bindWithMode() excludes other users from the start, umask ${umask.toString(8)}`, (fixture) => {
      assertEquals(modes(fixture, umask, 0o600), ["700", "600"]);
      assertEquals(modes(fixture, umask, 0o660), ["700", "660"]);
    }),
  );
}

Deno.test(
  test("bindWithMode() sets the mode after the bind if the mode excludes no one", (fixture) => {
    assertEquals(modes(fixture, 0o022, 0o666), ["755", "666"]);
    assertEquals(modes(fixture, 0o111, 0o666), ["666", "666"]);
    assertEquals(modes(fixture, 0o777, 0o777), ["0", "777"]);
  }),
);

Deno.test(test("bindWithMode() restores the umask if the bind fails", (fixture) => {
  const before = Deno.umask(0o022);
  try {
    assertThrows(
      () =>
        bindWithMode(freePath(fixture), 0o600, () => {
          throw new RangeError("boom");
        }),
      RangeError,
      "boom",
    );
    assertEquals(Deno.umask(), 0o022);
  } finally {
    Deno.umask(before);
  }
}));

Deno.test(test("bindWithMode() closes the socket if its mode cannot be set", (fixture) => {
  const path = freePath(fixture);
  let closed = 0;
  const socket = { close: () => closed++ };
  // The path has no file, so setting its mode fails.
  assertThrows(() => bindWithMode(path, 0o666, () => socket), Deno.errors.NotFound);
  assertEquals(closed, 1);
}));
