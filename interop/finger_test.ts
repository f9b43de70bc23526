/**
 * Tests of examples/finger/finger.ts with Debian's finger client, and with netcat in its place. The
 * client has no option for the port, so the server listens on port 79 of a loopback address.
 */

import { assertEquals } from "@std/assert";
import { FingerFactory } from "../examples/finger/finger.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { FINGER, type InteropFixture, interopTest, NETCAT } from "./tool.ts";

/** An address of the loopback interface for this process, and finger's own port. */
const HOST = `127.79.${(Deno.pid >> 8) & 0xff}.${Deno.pid & 0xff}`;
const FINGER_PORT = 79;

function factoryFor({ reactor }: InteropFixture): FingerFactory {
  const users = new Map([["ada", "Writes programs"], ["eve", "\x1b[2Jgone"]]);
  return new FingerFactory(reactor, {
    getUser: ({ user, isVerbose }) => {
      const text = users.get(user);
      return isVerbose && text !== undefined ? `Login: ${user}\nPlan: ${text}` : text;
    },
  });
}

/** Reports whether this process may open a port below 1024. */
function mayListen(): boolean {
  try {
    Deno.listen({ hostname: HOST, port: FINGER_PORT }).close();
    return true;
  } catch (error) {
    console.warn(
      `Nothing is tested against finger: port ${FINGER_PORT} cannot be opened: ${error}`,
    );
    return false;
  }
}

if (mayListen()) {
  const test = interopTest(FINGER);

  for (
    const [args, expected] of [
      [[`ada@${HOST}`], ["Writes programs"]],
      [["-l", `ada@${HOST}`], ["Login: ada", "Plan: Writes programs"]],
      [[`nemo@${HOST}`], ["No such user"]],
      [[`@${HOST}`], ["Finger online user list denied"]],
      [[`ada@north@${HOST}`], ["Finger forwarding service denied"]],
      [[`eve@${HOST}`], ["\\x1b[2Jgone"]],
    ] as const
  ) {
    test(`FingerFactory answers finger ${args.join(" ").replace(HOST, "HOST")}`, async (fixture) => {
      fixture.run();
      fixture.reactor.listenTCP(FINGER_PORT, factoryFor(fixture), { interface: HOST });
      const { code, lines, errors } = await fixture.start(...args).end();
      assertEquals([code, errors], [0, ""]);
      assertEquals(lines, [...expected]);
    });
  }
}

const withNetcat = interopTest(NETCAT);

withNetcat("FingerFactory answers a line of nc -C, and closes the connection", async (fixture) => {
  fixture.run();
  const port = fixture.reactor.listenTCP(0, factoryFor(fixture), { interface: "127.0.0.1" });
  const nc = fixture.start("-C", "127.0.0.1", String(portOf(port.getHost())));
  await nc.say("/W ada\n");
  await nc.endInput();
  const { code, lines } = await nc.end();
  assertEquals([code, lines], [0, ["Login: ada\r", "Plan: Writes programs\r"]]);
});
