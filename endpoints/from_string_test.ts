/**
 * Twisted's `internet/test/test_endpoints.py`:
 *
 * - `ParserTests`: the tests that are not in `description_test.ts`. `test_simpleUNIX` uses a lock
 *   file by default, and there is none here: see `unix_parsers.ts`.
 * - `ServerStringTests` and `ClientStringTests`: `test_tcp*`, `test_unix*`, `test_unknownType`;
 *   `test_typeFromPlugin` and `test_stringParserWithReactor` with a registry, which replaces
 *   plugins. `test_ssl*` are in `tls_parsers_test.ts`.
 * - `StandardIOEndpointPluginTests`: `test_stringDescription`.
 * - `SystemdEndpointPluginTests`: all tests but those of plugins and interfaces.
 * - `TCP6ServerEndpointPluginTests`: `test_stringDescription`; the other two are about plugins, and
 *   about interfaces, which the compiler checks.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { Factory, Protocol } from "../protocol/mod.ts";
import { TableNameResolver } from "../reactor/names/table_name_resolver.ts";
import {
  failureResultOf,
  ManualEndpoint,
  MemoryEndpoints,
  MemoryReactorClock,
  RaisingMemoryReactor,
} from "../testing/mod.ts";
import {
  type ArgumentsRead,
  clientFromString,
  defaultEndpointRegistry,
  endpointArgument,
  type EndpointArguments,
  EndpointDescriptionError,
  EndpointRegistry,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  quoteStringArgument,
  serverFromString,
} from "./mod.ts";

/** Returns a reactor in whose process three sockets were passed on. */
function recordingReactor(): MemoryReactorClock {
  const reactor = new MemoryReactorClock();
  reactor.installNameResolver(new TableNameResolver({ "six.test": ["::6"] }));
  const { pid, variables } = reactor.hostEnvironment;
  variables.set("LISTEN_PID", String(pid));
  variables.set("LISTEN_FDS", "3");
  variables.set("LISTEN_FDNAMES", "web:admin:web2");
  return reactor;
}

/** Returns the calls that a reactor has recorded, without the factories. */
function callsOf(reactor: MemoryReactorClock): unknown[][] {
  return [
    ...reactor.tcpServers.map(({ port, options }) => ["listenTCP", port, options]),
    ...reactor.tcpClients.map(({ host, port, options }) => ["connectTCP", host, port, options]),
    ...reactor.unixServers.map(({ path, options }) => ["listenUNIX", path, options]),
    ...reactor.unixClients.map(({ path, options }) => ["connectUNIX", path, options]),
    ...reactor.stdioPorts.map(({ options }) => ["listenStandardIO", options]),
    ...reactor.adoptedPorts.map(({ fileDescriptor, addressFamily }) => [
      "adoptStreamPort",
      fileDescriptor,
      addressFamily,
    ]),
  ];
}

/** Returns the calls that a server endpoint from a string makes to the reactor. */
function listening(description: string): unknown[][] {
  const reactor = recordingReactor();
  serverFromString(reactor, description).listen(Factory.forProtocol(Protocol));
  return callsOf(reactor);
}

/** Returns the calls that a client endpoint from a string makes to the reactor. */
function connecting(description: string): unknown[][] {
  const reactor = recordingReactor();
  clientFromString(reactor, description).connect(Factory.forProtocol(Protocol));
  return callsOf(reactor);
}

const SERVERS: [description: string, ...call: unknown[]][] = [
  ["tcp:80", "listenTCP", 80, {}],
  ["tcp:80:interface=127.0.0.1", "listenTCP", 80, { interface: "127.0.0.1" }],
  ["tcp:80:backlog=6", "listenTCP", 80, { backlog: 6 }],
  ["tcp:1234:backlog=12:interface=10.0.0.1", "listenTCP", 1234, {
    backlog: 12,
    interface: "10.0.0.1",
  }],
  ["tcp:80:127.0.0.1:50", "listenTCP", 80, { interface: "127.0.0.1", backlog: 50 }],
  ["tcp:port=0", "listenTCP", 0, {}],
  ["TCP:80", "listenTCP", 80, {}],
  [String.raw`tcp:80:interface=\:\:1`, "listenTCP", 80, { interface: "::1" }],
  [String.raw`tcp\6:8080:backlog=12:interface=\:\:1`, "listenTCP", 8080, {
    backlog: 12,
    interface: "::1",
  }],
  ["tcp6:8080", "listenTCP", 8080, { interface: "::" }],
  [String.raw`tcp6:8080:12:\:\:1`, "listenTCP", 8080, { backlog: 12, interface: "::1" }],
  ["stdio:", "listenStandardIO", {}],
  ["systemd:domain=INET:index=0", "adoptStreamPort", 3, "INET"],
  ["systemd:domain=INET6:index=2", "adoptStreamPort", 5, "INET6"],
  ["systemd:UNIX:name=admin", "adoptStreamPort", 4, "UNIX"],
  ["unix:/var/run/finger", "listenUNIX", "/var/run/finger", {}],
  ["unix:/var/run/finger:mode=0660", "listenUNIX", "/var/run/finger", { mode: 0o660 }],
  ["unix:/var/run/finger:lockfile=0", "listenUNIX", "/var/run/finger", { wantPID: false }],
  ["unix:/var/foo/bar:backlog=7:mode=0123:lockfile=1", "listenUNIX", "/var/foo/bar", {
    backlog: 7,
    mode: 0o123,
    wantPID: true,
  }],
  ["unix:/var/foo/bar:600:7:1", "listenUNIX", "/var/foo/bar", {
    mode: 0o600,
    backlog: 7,
    wantPID: true,
  }],
  ["unix:address=foo=bar", "listenUNIX", "foo=bar", {}],
  [String.raw`unix:foo\:bar\=baz\:qux\\`, "listenUNIX", "foo:bar=baz:qux\\", {}],
];

for (const [description, ...call] of SERVERS) {
  Deno.test(`serverFromString(): ${description}`, () => {
    assertEquals(listening(description), [call]);
  });
}

const CLIENTS: [description: string, ...call: unknown[]][] = [
  ["tcp:host=example.com:port=1234:timeout=7", "connectTCP", "example.com", 1234, { timeout: 7 }],
  ["tcp:example.com:1234:timeout=7.5", "connectTCP", "example.com", 1234, { timeout: 7.5 }],
  ["tcp:example.com:port=1234", "connectTCP", "example.com", 1234, {}],
  ["tcp:host=example.com:1234", "connectTCP", "example.com", 1234, {}],
  ["tcp:port=1234:example.com", "connectTCP", "example.com", 1234, {}],
  [String.raw`tcp:\:\:1:80`, "connectTCP", "::1", 80, {}],
  ["tcp:example.com:80:bindAddress=10.0.0.2", "connectTCP", "example.com", 80, {
    bindAddress: "10.0.0.2",
  }],
  [String.raw`tcp6:\:\:1:80:timeout=5`, "connectTCP", "::1", 80, { timeout: 5 }],
  ["tcp6:six.test:80", "connectTCP", "::6", 80, {}],
  ["tcp:bücher.ch:80", "connectTCP", "xn--bcher-kva.ch", 80, {}],
  ["unix:path=/var/foo/bar:lockfile=1:timeout=9", "connectUNIX", "/var/foo/bar", {
    checkPID: true,
    timeout: 9,
  }],
  ["unix:path=/var/foo/bar", "connectUNIX", "/var/foo/bar", {}],
  ["unix:/var/foo/bar:lockfile=1:timeout=9", "connectUNIX", "/var/foo/bar", {
    checkPID: true,
    timeout: 9,
  }],
];

for (const [description, ...call] of CLIENTS) {
  Deno.test(`clientFromString(): ${description}`, () => {
    assertEquals(connecting(description), [call]);
  });
}

type Wrong = [description: string, offset: number, piece: string, problem: string];

const WRONG_SERVERS: Wrong[] = [
  [
    "ftl:andromeda/carcosa/hali/2387",
    0,
    "ftl",
    `it must begin with the type of a server endpoint, but "ftl" is not one; the known types are haproxy, ssl, stdio, systemd, tcp, tcp6, tls, unix`,
  ],
  ["tcp:", 4, "", `the argument "port" is missing`],
  [
    "tcp:interface=::1",
    14,
    "",
    `the argument "interface" must not be empty; write a colon in a value as "\\:"`,
  ],
  [
    "tcp:80:interface=",
    17,
    "",
    `the argument "interface" must not be empty; write a colon in a value as "\\:"`,
  ],
  ["tcp:http", 4, "http", `the argument "port" must be an integer from 0 to 65535, got "http"`],
  [
    "tcp:65536",
    4,
    "65536",
    `the argument "port" must be an integer from 0 to 65535, got "65536"`,
  ],
  ["tcp:-1", 4, "-1", `the argument "port" must be an integer from 0 to 65535, got "-1"`],
  ["tcp:8e1", 4, "8e1", `the argument "port" must be an integer from 0 to 65535, got "8e1"`],
  ["tcp: 80", 4, " 80", `the argument "port" must be an integer from 0 to 65535, got " 80"`],
  [
    "tcp:80:backlog=0",
    15,
    "0",
    `the argument "backlog" must be an integer from 1 to 65535, got "0"`,
  ],
  [
    "tcp:80:interface=[::1]",
    17,
    "[",
    String
      .raw`the argument "interface" must be an address, got "["; omit the brackets, and write a colon in a value as "\:"`,
  ],
  [
    String.raw`tcp6:80:interface=[\:\:1]`,
    18,
    String.raw`[\:\:1]`,
    String
      .raw`the argument "interface" must be an address, got "[::1]"; omit the brackets, and write a colon in a value as "\:"`,
  ],
  [
    "tcp6:80:interface=fe80::1",
    23,
    "",
    String
      .raw`the argument after "interface" is empty; write a colon in a value as "\:"`,
  ],
  [
    "tcp6:80:[::1]",
    8,
    "[",
    String
      .raw`the argument "backlog" must be an integer from 1 to 65535, got "["; write a colon in a value as "\:"`,
  ],
  [
    "tcp:80:interfce=127.0.0.1",
    7,
    "interfce",
    `the type "tcp" has no argument "interfce"; its arguments are port, interface, backlog`,
  ],
  [
    "tcp:80:constructor=1",
    7,
    "constructor",
    `the type "tcp" has no argument "constructor"; its arguments are port, interface, backlog`,
  ],
  ["tcp:80:port=90", 7, "port", `the argument "port" is given twice`],
  ["tcp:port=80:port=80", 12, "port", `the argument "port" is given twice`],
  [
    "tcp:80:127.0.0.1:5:6",
    19,
    "6",
    String
      .raw`the type "tcp" takes at most 3 positional arguments, port, interface, backlog; write a colon in a value as "\:"`,
  ],
  ["stdio:0", 6, "0", `the type "stdio" takes no positional arguments`],
  [
    "systemd:domain=INET",
    0,
    "systemd",
    'exactly one of "index" and "name" must be given, to identify the socket',
  ],
  [
    "systemd:domain=INET:index=0:name=web",
    33,
    "web",
    'exactly one of "index" and "name" must be given, to identify the socket',
  ],
  [
    "systemd:domain=TCP:index=0",
    15,
    "TCP",
    `the argument "domain" must be one of INET, INET6, UNIX, got "TCP"`,
  ],
  [
    "systemd:domain=INET:index=3",
    26,
    "3",
    "this process has no inherited socket with the index 3; it has 3, counted from 0",
  ],
  [
    "systemd:domain=INET:name=ftp",
    25,
    "ftp",
    `this process has no inherited socket named "ftp"; the names are web, admin, web2`,
  ],
  [
    "tcp:80\\",
    6,
    "\\",
    "it ends with a backslash, which must be followed by the character that it escapes",
  ],
];

const WRONG_CLIENTS: Wrong[] = [
  [
    "ftl:andromeda/carcosa/hali/2387",
    0,
    "ftl",
    `it must begin with the type of a client endpoint, but "ftl" is not one; the known types are ssl, tcp, tcp6, tls, unix`,
  ],
  ["tcp:example.org", 15, "", `the argument "port" is missing`],
  ["tcp::80", 4, "", `the argument "host" must not be empty; write a colon in a value as "\\:"`],
  [
    "tcp:example.org:0",
    16,
    "0",
    `the argument "port" must be an integer from 1 to 65535, got "0"`,
  ],
  [
    "tcp:example.org:80:timeout=soon",
    27,
    "soon",
    `the argument "timeout" must be a number of seconds, got "soon"`,
  ],
  [
    "tcp:exa mple.org:80",
    4,
    "exa mple.org",
    `the argument "host" must be a host name or an address, got "exa mple.org"`,
  ],
  [
    "tcp:example.org:80:90",
    19,
    "90",
    String
      .raw`the type "tcp" takes at most 2 positional arguments, host, port; write a colon in a value as "\:"`,
  ],
  [
    "tcp:[::1]:80",
    4,
    "[",
    String
      .raw`the argument "host" must be a host name or an address, got "["; omit the brackets, and write a colon in a value as "\:"`,
  ],
  [
    "tcp:host=a:port=80:bindAddress=[::1]",
    31,
    "[",
    String
      .raw`the argument "bindAddress" must be an address, got "["; omit the brackets, and write a colon in a value as "\:"`,
  ],
  [
    "127.0.0.1:80",
    0,
    "127.0.0.1",
    `it must begin with the type of a client endpoint, but "127.0.0.1" is not one; the known types are ssl, tcp, tcp6, tls, unix`,
  ],
  [
    "tcp:::1:80",
    4,
    "",
    `the argument "host" must not be empty; write a colon in a value as "\\:"`,
  ],
];

function isWrong(make: () => unknown, [description, offset, piece, problem]: Wrong): void {
  const error = assertThrows(make, EndpointDescriptionError);
  const [sentence] = error.message.split("\n");
  assertEquals(
    [sentence, error.offset, error.piece],
    [`Cannot create an endpoint from ${JSON.stringify(description)}: ${problem}`, offset, piece],
  );
}

for (const wrong of WRONG_SERVERS) {
  Deno.test(`serverFromString() rejects ${JSON.stringify(wrong[0])}: ${wrong[3]}`, () => {
    isWrong(() => listening(wrong[0]), wrong);
  });
}

for (const wrong of WRONG_CLIENTS) {
  Deno.test(`clientFromString() rejects ${JSON.stringify(wrong[0])}: ${wrong[3]}`, () => {
    isWrong(() => connecting(wrong[0]), wrong);
  });
}

Deno.test("serverFromString() errors point at the offending piece of the string", () => {
  const error = assertThrows(() => listening("tcp:80:interfce=127.0.0.1"));
  assertInstanceOf(error, EndpointDescriptionError);
  assertEquals(error.message.split("\n").slice(1), [
    "  tcp:80:interfce=127.0.0.1",
    "         ^^^^^^^^",
  ]);
});

Deno.test('serverFromString("systemd:...") reports variables that may not be read', () => {
  const denied = new Error('Requires env access to "LISTEN_PID"');
  const reactor = new MemoryReactorClock();
  reactor.hostEnvironment.getEnvironment = () => {
    throw denied;
  };
  const error = assertThrows(
    () => serverFromString(reactor, "systemd:domain=INET:index=0"),
    EndpointDescriptionError,
    `the environment variables of systemd cannot be read: ${denied.message}`,
  );
  assertStrictEquals(error.cause, denied);
});

Deno.test("serverFromString() accepts a value that the reactor rejects, and listen() fails", () => {
  const listenException = new RangeError("not this port");
  const reactor = new RaisingMemoryReactor({ listenException });
  const listening = serverFromString(reactor, "tcp:80").listen(Factory.forProtocol(Protocol));
  assertStrictEquals(failureResultOf(listening), listenException);
});

/** The arguments that {@linkcode serverOf} or {@linkcode clientOf} received for an endpoint. */
const made = new WeakMap<IStreamServerEndpoint | IStreamClientEndpoint, unknown[]>();

/** Makes a server endpoint from arguments. */
function serverOf(...args: unknown[]): IStreamServerEndpoint {
  const { server } = new MemoryEndpoints();
  made.set(server, args);
  return server;
}

/** Makes a client endpoint from arguments. */
function clientOf(...args: unknown[]): IStreamClientEndpoint {
  const client = new ManualEndpoint();
  made.set(client, args);
  return client;
}

/** Returns the arguments from which an endpoint was made. */
function madeOf(endpoint: unknown): unknown[] {
  assert(typeof endpoint === "object" && endpoint !== null);
  // A map accepts any object as a key, also one that is not an endpoint.
  const args = made.get(endpoint as IStreamServerEndpoint);
  assert(args !== undefined);
  return args;
}

const ARGUMENTS = {
  first: endpointArgument.text,
  second: endpointArgument.optional(endpointArgument.text),
  yes: endpointArgument.optional(endpointArgument.flag),
  mode: endpointArgument.optional(endpointArgument.mode),
  kind: endpointArgument.optional(endpointArgument.oneOf("round", "square")),
  words: endpointArgument.optional(endpointArgument.words),
};

/** Its parsers need no reactor. */
function registryOfFakes(): EndpointRegistry<string> {
  const take = (args: EndpointArguments) => args.take(["first", "second"], ARGUMENTS);
  return new EndpointRegistry<string>()
    .registerServerType({
      prefix: "fake",
      parseStreamServer: (reactor, args) => serverOf(reactor, take(args)),
    })
    .registerClientType({
      prefix: "crfake",
      parseStreamClient: (reactor, args) => clientOf(reactor, take(args)),
    });
}

Deno.test("EndpointRegistry passes the reactor and the arguments to the parser", () => {
  const registry = registryOfFakes();
  const server = serverFromString("a reactor", "fake:hello:world:yes=1:mode=660", { registry });
  assertEquals(madeOf(server), ["a reactor", {
    first: "hello",
    second: "world",
    yes: true,
    mode: 0o660,
  }]);
  const client = clientFromString("a reactor", "crfake:alpha:kind=round:yes=0:words=a,b", {
    registry,
  });
  assertEquals(madeOf(client), ["a reactor", {
    first: "alpha",
    kind: "round",
    yes: false,
    words: ["a", "b"],
  }]);
});

for (
  const [name, problem] of [
    ["yes=no", `the argument "yes" must be 0 or 1, got "no"`],
    ["mode=rw", `the argument "mode" must be a file mode in octal digits, such as 660, got "rw"`],
    [
      "mode=1777",
      `the argument "mode" must be a file mode in octal digits, such as 660, got "1777"`,
    ],
    [
      "mode=888",
      `the argument "mode" must be a file mode in octal digits, such as 660, got "888"`,
    ],
    [
      "words=a,,b",
      `the argument "words" must be a list of words with commas between them, got "a,,b"`,
    ],
    ["kind=oval", `the argument "kind" must be one of round, square, got "oval"`],
  ]
) {
  Deno.test(`EndpointArguments.take() rejects an invalid value: ${name}`, () => {
    const error = assertThrows(
      () => registryOfFakes().serverFromString("", `fake:a:${name}`),
      EndpointDescriptionError,
    );
    assertEquals(error.message.split("\n")[0]?.endsWith(`: ${problem}`), true, error.message);
    assertInstanceOf(error.cause, RangeError);
  });
}

Deno.test("EndpointRegistry with a base has its own types and those of the base", () => {
  const registry = new EndpointRegistry(defaultEndpointRegistry);
  registry.registerServerType({
    prefix: "fake",
    parseStreamServer: (reactor) => serverOf(reactor),
  });
  const reactor = recordingReactor();
  const endpoint = serverFromString(reactor, "FAKE", { registry });
  assertStrictEquals(madeOf(endpoint)[0], reactor);
  assertEquals(registry.serverTypes(), [...defaultEndpointRegistry.serverTypes(), "fake"]);
  assertEquals(registry.clientTypes(), defaultEndpointRegistry.clientTypes());
  serverFromString(reactor, "tcp:80", { registry });
  assertThrows(() => serverFromString(reactor, "fake"), EndpointDescriptionError);
});

Deno.test("EndpointRegistry rejects an empty prefix, and one that is registered already", () => {
  const registry = new EndpointRegistry(registryOfFakes());
  const server = (prefix: string) => ({ prefix, parseStreamServer: () => serverOf() });
  assertThrows(
    () => registry.registerServerType(server("Fake")),
    RangeError,
    'Cannot register the server endpoint type "Fake": the prefix is registered already',
  );
  assertThrows(
    () => registry.registerClientType({ prefix: "", parseStreamClient: () => clientOf() }),
    RangeError,
    'Cannot register the client endpoint type "": the prefix is empty',
  );
  registry.registerServerType(server("crfake"));
});

Deno.test("EndpointRegistry rejects arguments for a type that takes none", () => {
  const registry = new EndpointRegistry<null>()
    .registerServerType({ prefix: "none", parseStreamServer: () => serverOf() })
    .registerClientType({ prefix: "none", parseStreamClient: () => clientOf() });
  for (const description of ["none", "none:"]) {
    serverFromString(null, description, { registry });
    clientFromString(null, description, { registry });
  }
  const error = assertThrows(() => serverFromString(null, "none:a", { registry }));
  assertInstanceOf(error, EndpointDescriptionError);
  assertEquals([error.offset, error.piece], [5, "a"]);
  assertEquals(error.message.includes('the type "none" takes no positional arguments'), true);
  const named = assertThrows(() => clientFromString(null, "none:a=1", { registry }));
  assertEquals(
    named instanceof Error &&
      named.message.includes('the type "none" has no argument "a"; it has no arguments'),
    true,
  );
});

/** Types that wrap another endpoint, given by the rest of the string or by an argument. */
function registryOfWrappers(): EndpointRegistry<string> {
  return new EndpointRegistry(registryOfFakes())
    .registerServerType({
      prefix: "wrap",
      parseStreamServer: (_, args) => serverOf("wrap", args.serverOfRest()),
    })
    .registerClientType({
      prefix: "wrap",
      parseStreamClient: (_, args) => clientOf("wrap", args.clientOfRest()),
    })
    .registerClientType({
      prefix: "through",
      parseStreamClient: (_, args) => {
        const { host } = args.take(["host"], {
          host: endpointArgument.text,
          endpoint: endpointArgument.text,
        });
        return clientOf(host, args.clientIn("endpoint"));
      },
    });
}

Deno.test("EndpointArguments.serverOfRest() parses the rest of the string", () => {
  const registry = registryOfWrappers();
  const [, wrapped] = madeOf(
    registry.serverFromString("a reactor", String.raw`wrap:wrap:fake:a\:b:second=c`),
  );
  const [, inner] = madeOf(wrapped);
  assertEquals(madeOf(inner), ["a reactor", { first: "a:b", second: "c" }]);
  const [, client] = madeOf(registry.clientFromString("a reactor", "wrap:crfake:a"));
  assertEquals(madeOf(client), ["a reactor", { first: "a" }]);
});

Deno.test("EndpointArguments.serverOfRest() errors have the position in the whole string", () => {
  const registry = registryOfWrappers();
  const error = assertThrows(
    () => registry.serverFromString("", "wrap:fake:a:yes=maybe"),
    EndpointDescriptionError,
  );
  assertEquals([error.description, error.offset, error.piece], [
    "wrap:fake:a:yes=maybe",
    16,
    "maybe",
  ]);
  const missing = assertThrows(
    () => registry.serverFromString("", "wrap"),
    EndpointDescriptionError,
    '"wrap:" must be followed by the description of an endpoint',
  );
  assertEquals(missing.offset, 4);
  assertThrows(() => registry.serverFromString("", "wrap:"), EndpointDescriptionError);
});

Deno.test("EndpointArguments.clientIn() parses the value of an argument", () => {
  const registry = registryOfWrappers();
  const inner = "crfake:a:second=b";
  const endpoint = registry.clientFromString(
    "a reactor",
    `through:there:endpoint=${quoteStringArgument(inner)}`,
  );
  const [host, wrapped] = madeOf(endpoint);
  assertEquals(host, "there");
  assertEquals(madeOf(wrapped), ["a reactor", { first: "a", second: "b" }]);
});

Deno.test("EndpointArguments.clientIn() errors point at the argument, and quote both strings", () => {
  const registry = registryOfWrappers();
  const error = assertThrows(
    () => registry.clientFromString("", String.raw`through:there:endpoint=ftl\:80`),
    EndpointDescriptionError,
  );
  assertEquals([error.offset, error.piece], [23, String.raw`ftl\:80`]);
  assertEquals(
    error.message.includes(
      `Cannot create an endpoint from "ftl:80": it must begin with the type of a client endpoint, but "ftl"`,
    ),
    true,
  );
  assertInstanceOf(error.cause, EndpointDescriptionError);
  assertEquals(error.cause.description, "ftl:80");
});

Deno.test("serverFromString() parses any string, or throws an EndpointDescriptionError", () => {
  const unit = fc.constantFrom(":", "=", "\\", "8", "port", "host", "interface", "backlog", "a");
  const type = fc.constantFrom("tcp", "tcp6", "haproxy", "x");
  const text = fc.tuple(type, fc.string({ unit })).map(([head, tail]) => `${head}:${tail}`);
  fc.assert(
    fc.property(text, (description) => {
      for (const make of [listening, connecting]) {
        try {
          make(description);
        } catch (error) {
          assertInstanceOf(error, EndpointDescriptionError);
          assertEquals(error.description, description);
        }
      }
    }),
  );
});

Deno.test("EndpointArguments.take() has the types of the arguments, omitted ones optional", () => {
  type Read = ArgumentsRead<typeof ARGUMENTS>;
  const given: Pick<Read, "first"> = { first: "a" };
  const read: Read = given;
  const flag: boolean | undefined = read.yes;
  // @ts-expect-error: a mode is a number
  const wrong: string | undefined = read.mode;
  // @ts-expect-error: there is no such argument
  const none: unknown = read.third;
  assertEquals([flag, wrong, none], [undefined, undefined, undefined]);
});
