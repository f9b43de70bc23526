// The mode of a socket's file, and what it is before it has that. Under the process's own umask,
// which each test puts back.

import { assertEquals, assertThrows } from "@std/assert";
import { SocketFixture, socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import { freePath, listenAt } from "../../../testing/conformance/unix_transport.ts";
import { DenoReactor } from "./reactor.ts";
import { bindWithMode } from "./unix_mode.ts";

const test = socketTest("bindWithMode()", (errors) => new SocketFixture(new DenoReactor(), errors));

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

/** Binds with a mode under a umask. @returns the mode in the first moment, and in the end. */
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
  test(`what keeps others out does so from the first moment, under a umask of ${umask.toString(8)}`, (fixture) => {
    assertEquals(modes(fixture, umask, 0o600), ["700", "600"]);
    assertEquals(modes(fixture, umask, 0o660), ["700", "660"]);
  });
}

test("what lets all in is made under the umask that there is, and set then", (fixture) => {
  assertEquals(modes(fixture, 0o022, 0o666), ["755", "666"]);
  assertEquals(modes(fixture, 0o111, 0o666), ["666", "666"]);
  assertEquals(modes(fixture, 0o777, 0o777), ["0", "777"]);
});

test("what fails puts the umask back, too", (fixture) => {
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
});

test("a socket whose mode cannot be set is closed", (fixture) => {
  const path = freePath(fixture);
  let closed = 0;
  const socket = { close: () => closed++ };
  // Nothing is there that could have a mode.
  assertThrows(() => bindWithMode(path, 0o666, () => socket), Deno.errors.NotFound);
  assertEquals(closed, 1);
});
