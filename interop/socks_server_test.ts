/** Tests of the SOCKS server with curl, the netcat of OpenBSD and socat as its clients. */

import { assert, assertEquals } from "@std/assert";
import { Factory, Protocol } from "../protocol/mod.ts";
import {
  SOCKSFactory,
  type SOCKSFactoryOptions,
  type SOCKSResolvedTarget,
} from "../protocol/socks/mod.ts";
import { isGlobalAddress } from "../reactor/mod.ts";
import type { ProgramEnd } from "../testing/fixtures/program.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { shouting } from "./echo.ts";
import { CURL, type InteropFixture, interopTest, NETCAT, SOCAT } from "./tool.ts";

/** Answers any request, and closes. */
class Page extends Protocol {
  #request = "";

  override dataReceived(data: Uint8Array): void {
    this.#request += new TextDecoder().decode(data);
    if (!this.#request.includes("\r\n\r\n")) return;
    this.transport.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
    this.transport.loseConnection();
  }
}

/** A SOCKS server and a target, and what the server was asked for. */
class Setup {
  readonly fixture: InteropFixture;
  readonly asked: SOCKSResolvedTarget[] = [];
  readonly target: number;
  readonly proxy: number;

  constructor(
    fixture: InteropFixture,
    target: Factory,
    options: Partial<SOCKSFactoryOptions> = {},
  ) {
    this.fixture = fixture;
    const { reactor } = fixture;
    const { authorize = () => true } = options;
    const local = { interface: "127.0.0.1" };
    this.target = portOf(reactor.listenTCP(0, target, local).getHost());
    const socks = new SOCKSFactory(reactor, {
      ...options,
      authorize: (target, peer) => {
        this.asked.push(target);
        return authorize(target, peer);
      },
    });
    this.proxy = portOf(reactor.listenTCP(0, socks, local).getHost());
    fixture.run();
  }

  /** Fetches the page of a host. */
  async curl(host: string, ...options: string[]): Promise<ProgramEnd> {
    const quiet = ["--silent", "--show-error", "--ipv4"];
    const url = `http://${host}:${this.target}/`;
    return await this.fixture.start(...quiet, ...options, url).end();
  }
}

const curl = interopTest(CURL);
const pages = Factory.forProtocol(Page);

for (
  const [option, version, hostname] of [
    ["--socks4", 4, null],
    ["--socks4a", 4, "localhost"],
    ["--socks5", 5, null],
    ["--socks5-hostname", 5, "localhost"],
  ] as const
) {
  curl(`SOCKSFactory serves ${option}`, async (fixture) => {
    const setup = new Setup(fixture, pages);
    const { code, lines, errors } = await setup.curl(
      "localhost",
      option,
      `127.0.0.1:${setup.proxy}`,
    );
    assertEquals([code, lines, errors], [0, ["hello"], ""]);
    const target = setup.asked.at(-1);
    assertEquals([target?.host, target?.version, target?.hostname], [
      "127.0.0.1",
      version,
      hostname,
    ]);
  });

  curl(`SOCKSFactory refuses ${option} by its rule`, async (fixture) => {
    const setup = new Setup(fixture, pages, { authorize: ({ host }) => isGlobalAddress(host) });
    const { code, lines, errors } = await setup.curl(
      "localhost",
      option,
      `127.0.0.1:${setup.proxy}`,
    );
    assertEquals([code, lines], [97, []]);
    assert(/Can't complete SOCKS[45] connection to/.test(errors), errors);
    if (version === 5) assert(errors.includes("(2)"), errors);
  });
}

curl("SOCKSFactory.authenticate checks the user name and the password of curl", async (fixture) => {
  const authenticate = (username: string, password: string): boolean =>
    username === "ada" && password === "pass:wörd";
  const setup = new Setup(fixture, pages, { authenticate });
  const proxy = ["--socks5-hostname", `127.0.0.1:${setup.proxy}`];
  const good = await setup.curl("localhost", ...proxy, "--proxy-user", "ada:pass:wörd");
  assertEquals([good.code, good.lines], [0, ["hello"]]);
  assertEquals(setup.asked.at(-1)?.username, "ada");
  const bad = await setup.curl("localhost", ...proxy, "--proxy-user", "ada:guess");
  assertEquals([bad.code, bad.lines], [97, []]);
  assert(bad.errors.includes("User was rejected by the SOCKS5 server"), bad.errors);
  const none = await setup.curl("localhost", ...proxy);
  assertEquals(none.code, 97);
  const old = await setup.curl("localhost", "--socks4a", `127.0.0.1:${setup.proxy}`);
  assertEquals(old.code, 97);
});

curl("SOCKSFactory tells curl the reason of a failure", async (fixture) => {
  const setup = new Setup(fixture, pages);
  const proxy = ["--socks5-hostname", `127.0.0.1:${setup.proxy}`];
  const unknown = await setup.curl("no-such-host.invalid", ...proxy);
  assert(unknown.errors.includes("(4)"), unknown.errors);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const refused = await fixture.start("-sS", ...proxy, `http://127.0.0.1:${port}/`).end();
  assert(refused.errors.includes("(5)"), refused.errors);
});

const netcat = interopTest(NETCAT);

for (const version of ["4", "5"]) {
  netcat(`SOCKSFactory serves nc -X ${version}, which closes its writing side`, async (fixture) => {
    const setup = new Setup(fixture, shouting());
    const proxy = ["-X", version, "-x", `127.0.0.1:${setup.proxy}`];
    const nc = fixture.start("-N", ...proxy, "127.0.0.1", String(setup.target));
    await nc.say("hello\n");
    await nc.endInput();
    const { code, lines } = await nc.end();
    assertEquals([code, lines], [0, ["HELLO"]]);
  });
}

const socat = interopTest(SOCAT);

for (const version of ["SOCKS4", "SOCKS4A"]) {
  socat(`SOCKSFactory serves ${version} of socat`, async (fixture) => {
    const setup = new Setup(fixture, shouting());
    const options = `socksport=${setup.proxy},socksuser=ada`;
    const address = `${version}:127.0.0.1:localhost:${setup.target},${options}`;
    const program = fixture.start("-t", "9", "-", address);
    await program.say("hello\n");
    await program.line("HELLO");
    await program.endInput();
    assertEquals((await program.end()).code, 0);
    assertEquals(setup.asked.at(-1)?.userId, "ada");
  });
}
