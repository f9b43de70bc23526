// Compares the constants and the layouts of this driver with the C headers of the machine: a C
// program, compiled by this test, prints theirs.

import { assertEquals } from "@std/assert";
import * as constants from "./constants.ts";
import * as layouts from "./struct_layouts.ts";

const HEADERS = [
  "errno.h",
  "fcntl.h",
  "netdb.h",
  "netinet/in.h",
  "netinet/tcp.h",
  "stddef.h",
  "stdio.h",
  "sys/epoll.h",
  "sys/eventfd.h",
  "sys/socket.h",
  "sys/timerfd.h",
  "sys/uio.h",
  "sys/un.h",
  "time.h",
];

/** An expression in C for each value of each layout. */
const EXPRESSIONS: Record<keyof typeof layouts, Record<string, string>> = {
  EPOLL_EVENT: members("struct epoll_event", { data: "data" }),
  IOVEC: members("struct iovec", { base: "iov_base", length: "iov_len" }),
  MSGHDR: members("struct msghdr", {
    pieces: "msg_iov",
    pieceCount: "msg_iovlen",
    control: "msg_control",
    controlSize: "msg_controllen",
    flags: "msg_flags",
  }),
  CMSGHDR: {
    ...members("struct cmsghdr", { length: "cmsg_len", level: "cmsg_level", type: "cmsg_type" }),
    alignment: "CMSG_SPACE(1) - CMSG_SPACE(0)",
  },
  UCRED: members("struct ucred", { pid: "pid", uid: "uid", gid: "gid" }),
  ADDRINFO: members("struct addrinfo", {
    socketType: "ai_socktype",
    addressSize: "ai_addrlen",
    address: "ai_addr",
  }),
  SOCKADDR_IN: members("struct sockaddr_in", { port: "sin_port", address: "sin_addr" }),
  SOCKADDR_IN6: members("struct sockaddr_in6", {
    port: "sin6_port",
    address: "sin6_addr",
    scope: "sin6_scope_id",
  }),
  SOCKADDR_UN: members("struct sockaddr_un", { path: "sun_path" }),
};

function members(struct: string, places: Record<string, string>): Record<string, string> {
  const offsets = Object.entries(places).map(([name, member]) => [
    name,
    `offsetof(${struct}, ${member})`,
  ]);
  return { size: `sizeof(${struct})`, ...Object.fromEntries(offsets) };
}

/**
 * Compiles and runs a program that prints the values of expressions in C.
 *
 * @returns The values; `null` without a compiler, for which the reason is printed.
 */
function valuesInC(expressions: string[]): number[] | null {
  const folder = Deno.makeTempDirSync({ prefix: "layouts-" });
  try {
    const source = [
      "#define _GNU_SOURCE",
      ...HEADERS.map((header) => `#include <${header}>`),
      "int main(void) {",
      ...expressions.map((each) => `  printf("%lld\\n", (long long)(${each}));`),
      "}",
    ].join("\n");
    Deno.writeTextFileSync(`${folder}/values.c`, source);
    const compiled = run("gcc", "-Wall", "-o", `${folder}/values`, `${folder}/values.c`);
    if (compiled === null) return null;
    return (run(`${folder}/values`) ?? "").trim().split("\n").map(Number);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs a command. @returns Its output; `null` if it is missing and `CI` is not set. */
function run(command: string, ...args: string[]): string | null {
  try {
    const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) || Deno.env.has("CI")) throw error;
    console.log(`The headers of the machine are not compared: there is no ${command}.`);
    return null;
  }
}

Deno.test("constants.ts has the values of the headers of this machine", () => {
  const values = valuesInC(Object.keys(constants));
  if (values === null) return;
  const expected = Object.keys(constants).map((name, i) => [name, values[i]]);
  assertEquals(Object.entries(constants), expected as [string, number][]);
});

Deno.test("struct_layouts.ts has the layouts of the headers of this machine", () => {
  const places = Object.entries(layouts).flatMap(([struct, layout]) =>
    Object.entries(layout).map(([name, value]) => ({ struct, name, value }))
  );
  const values = valuesInC(places.map(({ struct, name }) => {
    // Every key of the module is a key of this table, whose type says so.
    const table = EXPRESSIONS[struct as keyof typeof layouts];
    return table[name] ?? `no expression for ${struct}.${name}`;
  }));
  if (values === null) return;
  assertEquals(places, places.map((place, i) => ({ ...place, value: Number(values[i]) })));
});
