// Runs each step of the finger tutorial as a separate process, with exactly the permissions of its
// header.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { TestAuthority } from "../../testing/fixtures/certificates.ts";
import { ANNOUNCE, commandOf, Example, examples, netcat } from "../../testing/fixtures/example.ts";
import type { Program } from "../../testing/fixtures/program.ts";
import { RawPeer } from "../../testing/peers/raw_peer.ts";

const isWindows = Deno.build.os === "windows";
const folder = new URL("finger/", examples);
const LOCAL = "tcp:0:interface=127.0.0.1";

/** Starts a step. */
const step = (name: string, ...args: string[]): Example => new Example(`finger/${name}.ts`, args);

/** Waits for a port of a step, and returns its number. */
async function portOf(program: Program): Promise<number> {
  const [, port] = await program.line(/ starting on 127\.0\.0\.1:(\d+)$/);
  return Number(port);
}

/** Stops a step as Ctrl-C does. */
async function stop(program: Program): Promise<void> {
  program.send("SIGINT");
  const { code, errors } = await program.end();
  assertEquals([code, errors], [0, ""]);
}

/** Returns a folder for the files of a test, which is removed afterwards. */
function testFolder(): AsyncDisposable & { readonly path: string } {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("finger/*.ts contain in their header the command that runs them", () => {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const steps = files.filter((name) => /^\d\d_\w+(?<!_test)\.ts$/.test(name)).sort();
  assertEquals(steps.map((name) => name.slice(0, 2)), [
    ...["01", "02", "03", "04", "05", "06", "07", "08"],
    ...["09", "10", "11", "12", "13", "14", "15"],
  ]);
  for (const name of steps) {
    const command = commandOf(Deno.readTextFileSync(new URL(name, folder)));
    assertEquals(command.at(-1), `examples/finger/${name}`);
  }
});

Deno.test("01_reactor.ts runs until SIGINT, and opens no port", async () => {
  await using program = new Example("finger/01_reactor.ts", [], [ANNOUNCE]);
  await program.line("(running)");
  await stop(program);
});

Deno.test("02_listen.ts accepts connections, and answers nothing", async () => {
  await using program = new Example("finger/02_listen.ts", ["0"], [ANNOUNCE]);
  const port = await portOf(program);
  await program.line("(running)");
  const peer = await RawPeer.connect(port);
  await peer.send("ada\r\n");
  program.send("SIGINT");
  // The connection ends without a byte. It is reset if the program had not read the line by then.
  await assertRejects(() => peer.readText(1));
  peer.close();
  assertEquals((await program.end()).code, 0);
});

Deno.test("03_drop.ts closes each connection at once", async () => {
  await using program = step("03_drop", "0");
  assertEquals(await netcat(await portOf(program)), "");
  await stop(program);
});

Deno.test("04_read_line.ts closes a connection when it has read a line", async () => {
  await using program = step("04_read_line", "0");
  assertEquals(await netcat(await portOf(program), "a", "da\r", "\n"), "");
  await program.line(/ Asked for ada$/);
  await stop(program);
});

Deno.test("05_answer.ts knows no user", async () => {
  await using program = step("05_answer", "0");
  assertEquals(await netcat(await portOf(program), "ada\n"), "No such user\r\n");
  await stop(program);
});

for (const [name, ...args] of [["06_users", "0"], ["09_services", LOCAL], ["12_limits", "0"]]) {
  Deno.test(`${name}.ts answers with the text about a user`, async () => {
    await using program = step(name ?? "", ...args);
    const port = await portOf(program);
    assertEquals(await netcat(port, "ada\r\n"), "Writes programs\r\n");
    assertEquals(await netcat(port, "grace\n"), "Out to lunch\r\n");
    assertEquals(await netcat(port, "eve\r\n"), "No such user\r\n");
    await stop(program);
  });
}

Deno.test("07_deferred.ts answers when the lookup is complete, and logs a failed one", async () => {
  await using program = step("07_deferred", "0", "0.1");
  const port = await portOf(program);
  const queries = ["ada\n", "eve\n", "grace\n"].map((query) => netcat(port, query));
  const answers = ["Writes programs\r\n", "Internal error in server\r\n", "Out to lunch\r\n"];
  assertEquals(await Promise.all(queries), answers);
  await stop(program);
  assertStringIncludes(program.lines.join("\n"), "Error: The database has a broken record");
});

Deno.test("07_deferred.ts cancels the lookup of a client that leaves", async () => {
  await using program = step("07_deferred", "0", "3600");
  const client = await Deno.connect({ hostname: "127.0.0.1", port: await portOf(program) });
  await client.write(new TextEncoder().encode("ada\n"));
  client.close();
  await program.line(/ The client left before its answer$/);
  await stop(program);
});

Deno.test("08_accounts.ts answers with an account of the system", {
  ignore: Deno.build.os !== "linux", // getent belongs to Linux
}, async () => {
  await using program = step("08_accounts", "0");
  const port = await portOf(program);
  assertMatch(await netcat(port, "root\n"), /^Login: root {2}Name: .*\r\n$/);
  for (const query of ["no-such-account\n", "0\n", "--help\n", "root x\n"]) {
    assertEquals(await netcat(port, query), "No such user\r\n");
  }
  await stop(program);
});

Deno.test("09_services.ts exits with the error if its port is in use", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using program = step("09_services", `tcp:${taken.addr.port}:interface=127.0.0.1`);
  const { code, errors } = await program.end();
  assertEquals(code, 1);
  assertMatch(errors, /CannotListenError/);
});

/** Sends a line to a control socket, and returns the answer. */
async function control(path: string, line: string): Promise<string> {
  const peer = new RawPeer(await Deno.connect({ transport: "unix", path }));
  await peer.send(`${line}\n`);
  const answer = await peer.readOnce();
  peer.close();
  return new TextDecoder().decode(answer ?? new Uint8Array());
}

Deno.test("10_control.ts sets and removes users by its control socket", {
  ignore: isWindows,
}, async () => {
  await using files = testFolder();
  const path = `${files.path}/finger.sock`;
  await using program = step("10_control", LOCAL, `unix:${path}:mode=600`);
  const port = await portOf(program);
  await program.line(/ starting on .*finger\.sock$/);
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  assertEquals(await netcat(port, "ada\n"), "No such user\r\n");
  assertEquals(await control(path, "ada Writes programs"), "set\n");
  assertEquals(await netcat(port, "ada\n"), "Writes programs\r\n");
  assertEquals([await control(path, "ada"), await control(path, "ada")], [
    "removed\n",
    "No such user\n",
  ]);
  assertEquals(await netcat(port, "ada\n"), "No such user\r\n");
  await stop(program);
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("11_user_file.ts reads its file again, and keeps the users if it cannot", async () => {
  await using files = testFolder();
  const path = `${files.path}/users.txt`;
  await Deno.writeTextFile(path, "ada: Writes programs\n\nnot a user\n");
  await using program = step("11_user_file", path, LOCAL, "0.05");
  const port = await portOf(program);
  await program.line(/ Read 1 users from /);
  assertEquals(await netcat(port, "ada\n"), "Writes programs\r\n");
  await Deno.writeTextFile(`${path}.new`, "ada: On holiday\ngrace: Out to lunch\n");
  await Deno.rename(`${path}.new`, path);
  await program.line(/ Read 2 users from /);
  assertEquals(await netcat(port, "ada\n"), "On holiday\r\n");
  await Deno.remove(path);
  await program.line(/ Cannot read the users from /);
  assertEquals(await netcat(port, "grace\n"), "Out to lunch\r\n");
  await stop(program);
});

Deno.test("12_limits.ts refuses other queries, and does not wait for slow clients", async () => {
  await using program = step("12_limits", "0", "0.2");
  const port = await portOf(program);
  assertEquals(await netcat(port, "/W ada\r\n"), "Login: ada\r\nPlan: Writes programs\r\n");
  assertEquals(await netcat(port, "ada@example.org\n"), "Finger forwarding service denied\r\n");
  assertEquals(await netcat(port, "\n"), "Finger online user list denied\r\n");
  assertEquals(await netcat(port, "a".repeat(2000)), "The query is too long\r\n");
  assertEquals(await netcat(port, "a"), "The query did not arrive in time\r\n");
  await stop(program);
});

Deno.test("13_client.ts prints the answer, with control characters made visible", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using program = step("13_client", "/W ada", `tcp:127.0.0.1:${server.addr.port}`);
  const peer = new RawPeer(await server.accept());
  assertEquals(await peer.readText(8), "/W ada\r\n");
  await peer.send("one\r\n\x1b[2Jtwo\r\n");
  peer.close();
  server.close();
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["one", "\\x1b[2Jtwo"], ""]);
});

Deno.test("13_client.ts exits with code 1 if no server answers", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  server.close();
  await using program = step("13_client", "ada", `tcp:127.0.0.1:${port}`);
  const { code, errors } = await program.end();
  assertEquals(code, 1);
  assertMatch(errors, /ConnectionRefusedError/);
});

Deno.test("14_proxy.ts asks the servers that its arguments name, and no other", async () => {
  await using server = step("12_limits", "0");
  const north = `north=tcp:127.0.0.1:${await portOf(server)}`;
  await using proxy = step("14_proxy", "0", north);
  const port = await portOf(proxy);
  assertEquals(await netcat(port, "ada@north\n"), "Writes programs\r\n");
  assertEquals(
    await netcat(port, "/W ada@north\n"),
    "Login: ada\r\nPlan: Writes programs\r\n",
  );
  for (const query of ["ada@127.0.0.1\n", "ada@south@north\n"]) {
    assertEquals(await netcat(port, query), "Finger forwarding service denied\r\n");
  }
  await stop(server);
  assertEquals(await netcat(port, "ada@north\n"), "north does not answer\r\n");
  await stop(proxy);
});

Deno.test("15_configuration.ts serves TCP, TLS and a control socket, and forwards over TLS", {
  ignore: isWindows,
}, async () => {
  await using files = testFolder();
  const file = (name: string): string => `${files.path}/${name}`;
  const authority = await TestAuthority.make();
  const { cert, key } = await authority.issue();
  const texts: Record<string, string> = {
    "ca.pem": authority.cert,
    "cert.pem": cert,
    "key.pem": key,
    "users.txt": "ada: Writes programs\n",
    "north.json": JSON.stringify({
      listen: [
        LOCAL,
        `tls:0:interface=127.0.0.1:privateKey=${file("key.pem")}:certKey=${file("cert.pem")}`,
      ],
      users: file("users.txt"),
      control: `unix:${file("finger.sock")}:mode=600`,
    }),
  };
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(file(name), text);
  await using north = step("15_configuration", file("north.json"));
  const [plain, secure] = [await portOf(north), await portOf(north)];
  assertEquals(await netcat(plain, "ada\n"), "Writes programs\r\n");
  assertEquals(await control(file("finger.sock"), "ada On holiday"), "set\n");
  assertEquals(await netcat(plain, "ada\n"), "On holiday\r\n");
  assertEquals(await control(file("finger.sock"), "ada"), "removed\n");

  const endpoint = `tls:localhost:${secure}:trustRoots=${file("ca.pem")}`;
  const configuration = { listen: [LOCAL], forward: { north: endpoint } };
  await Deno.writeTextFile(file("south.json"), JSON.stringify(configuration));
  await using south = step("15_configuration", file("south.json"));
  assertEquals(await netcat(await portOf(south), "ada@north\n"), "Writes programs\r\n");
  await stop(south);
  await stop(north);
});

for (
  const [text, reason] of [
    ["{}", 'it has no field "listen"'],
    ['{"listen": []}', '"listen" must be a list of endpoints, got []'],
    ['{"listen": ["tcp:0"], "reload": 0}', '"reload" must be a number of seconds above 0, got 0'],
    ['{"listen": ["tcp:0"], "port": 79}', 'there is no field "port"'],
    ['{"listen": ["tcp"]}', 'Cannot create an endpoint from "tcp"'],
  ] as const
) {
  Deno.test(`15_configuration.ts refuses ${text}, and says why`, async () => {
    await using files = testFolder();
    await Deno.writeTextFile(`${files.path}/finger.json`, text);
    await using program = step("15_configuration", `${files.path}/finger.json`);
    const { code, errors } = await program.end();
    assertEquals(code, 1);
    assert(errors.includes(reason), errors);
  });
}
