// Treatment of a path in use, with scripted answers. `unix_test.ts` uses real servers.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SocketFixture, socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import { freePath, listenAt, stalePath } from "../../../testing/conformance/unix_transport.ts";
import { DenoReactor } from "./reactor.ts";
import { removeStaleSocket } from "./unix_stale.ts";

const test = socketTest(
  "removeStaleSocket()",
  (errors) => new SocketFixture(new DenoReactor(), errors),
);

function names(folderOf: string): string[] {
  return [...Deno.readDirSync(folderOf.slice(0, folderOf.lastIndexOf("/")))].map(({ name }) =>
    name
  );
}

Deno.test(test("removeStaleSocket() removes a socket that refuses connections", (fixture) => {
  const path = stalePath(fixture);
  assertEquals([removeStaleSocket(path), names(path)], [true, []]);
}));

Deno.test(
  test("removeStaleSocket() keeps a socket that accepts connections, and returns false", (fixture) => {
    const path = freePath(fixture);
    fixture.closeAfter(listenAt(path));
    assertEquals([removeStaleSocket(path), names(path)], [false, ["socket"]]);
  }),
);

Deno.test(
  test("removeStaleSocket() keeps a file that is not a socket, and does not connect to it", (fixture) => {
    const path = freePath(fixture);
    Deno.writeTextFileSync(path, "precious");
    const error = assertThrows(() =>
      removeStaleSocket(path, () => {
        throw new Error("isRefused() must not be called");
      }), Error);
    assert("code" in error && error.code === "EADDRINUSE");
    assertEquals(Deno.readTextFileSync(path), "precious");
  }),
);

Deno.test(test("removeStaleSocket() returns true for a path without a file", (fixture) => {
  assertEquals(removeStaleSocket(freePath(fixture)), true);
}));

Deno.test(
  test("removeStaleSocket() keeps a socket that replaced the stale one meanwhile", (fixture) => {
    const path = stalePath(fixture);
    // An old time, because the new file may have the same inode number.
    Deno.utimeSync(path, 1, 1);
    const taken = removeStaleSocket(path, () => {
      Deno.removeSync(path);
      fixture.closeAfter(listenAt(path));
      return true;
    });
    assertEquals([taken, names(path)], [true, ["socket"]]);
  }),
);

Deno.test(
  test("removeStaleSocket() ignores a file that another process has removed meanwhile", (fixture) => {
    const path = stalePath(fixture);
    const free = removeStaleSocket(path, () => {
      Deno.removeSync(path);
      return true;
    });
    assertEquals(free, true);
  }),
);
