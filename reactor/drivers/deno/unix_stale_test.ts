// What is done with a path that is in use. Against real servers: `unix_test.ts`.

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

test("a socket that refuses connections is removed", (fixture) => {
  const path = stalePath(fixture);
  assertEquals([removeStaleSocket(path), names(path)], [true, []]);
});

test("a socket that takes connections stays, and the path cannot be had", (fixture) => {
  const path = freePath(fixture);
  fixture.closeAfter(listenAt(path));
  assertEquals([removeStaleSocket(path), names(path)], [false, ["socket"]]);
});

test("nobody is asked about what is no socket, and it stays", (fixture) => {
  const path = freePath(fixture);
  Deno.writeTextFileSync(path, "precious");
  const error = assertThrows(() =>
    removeStaleSocket(path, () => {
      throw new Error("not to be asked");
    }), Error);
  assert("code" in error && error.code === "EADDRINUSE");
  assertEquals(Deno.readTextFileSync(path), "precious");
});

test("a path where nothing is can be had", (fixture) => {
  assertEquals(removeStaleSocket(freePath(fixture)), true);
});

test("a server that takes the place of the dead one in the meantime keeps it", (fixture) => {
  const path = stalePath(fixture);
  // Left long ago. The new file may have the old one's number all the same.
  Deno.utimeSync(path, 1, 1);
  const taken = removeStaleSocket(path, () => {
    Deno.removeSync(path);
    fixture.closeAfter(listenAt(path));
    return true;
  });
  assertEquals([taken, names(path)], [true, ["socket"]]);
});

test("a file that somebody else has removed meanwhile is not missed", (fixture) => {
  const path = stalePath(fixture);
  const free = removeStaleSocket(path, () => {
    Deno.removeSync(path);
    return true;
  });
  assertEquals(free, true);
});
