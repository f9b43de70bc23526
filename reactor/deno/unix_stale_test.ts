// What is done with a path that is in use. Against real servers: `unix_test.ts`.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SocketBed, socketTest } from "../conformance/socket_bed.ts";
import { freePath, listenAt, stalePath } from "../conformance/unix_kind.ts";
import { DenoReactor } from "./reactor.ts";
import { removeStaleSocket } from "./unix_stale.ts";

const test = socketTest(
  "removeStaleSocket()",
  (errors) => new SocketBed(new DenoReactor(), errors),
);

function names(folderOf: string): string[] {
  return [...Deno.readDirSync(folderOf.slice(0, folderOf.lastIndexOf("/")))].map(({ name }) =>
    name
  );
}

test("a socket that refuses connections is removed", (bed) => {
  const path = stalePath(bed);
  assertEquals([removeStaleSocket(path), names(path)], [true, []]);
});

test("a socket that takes connections stays, and the path cannot be had", (bed) => {
  const path = freePath(bed);
  bed.closeAfter(listenAt(path));
  assertEquals([removeStaleSocket(path), names(path)], [false, ["socket"]]);
});

test("nobody is asked about what is no socket, and it stays", (bed) => {
  const path = freePath(bed);
  Deno.writeTextFileSync(path, "precious");
  const error = assertThrows(() =>
    removeStaleSocket(path, () => {
      throw new Error("not to be asked");
    }), Error);
  assert("code" in error && error.code === "EADDRINUSE");
  assertEquals(Deno.readTextFileSync(path), "precious");
});

test("a path where nothing is can be had", (bed) => {
  assertEquals(removeStaleSocket(freePath(bed)), true);
});

test("a server that takes the place of the dead one in the meantime keeps it", (bed) => {
  const path = stalePath(bed);
  // Left long ago. The new file may have the old one's number all the same.
  Deno.utimeSync(path, 1, 1);
  const taken = removeStaleSocket(path, () => {
    Deno.removeSync(path);
    bed.closeAfter(listenAt(path));
    return true;
  });
  assertEquals([taken, names(path)], [true, ["socket"]]);
});

test("a file that somebody else has removed meanwhile is not missed", (bed) => {
  const path = stalePath(bed);
  const free = removeStaleSocket(path, () => {
    Deno.removeSync(path);
    return true;
  });
  assertEquals(free, true);
});
