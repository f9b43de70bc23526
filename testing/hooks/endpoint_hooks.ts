/**
 * The hooks of endpoints and services: the application's own endpoints, string parsers, policies,
 * services, and the host environment.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  backoffPolicy,
  clientFromString,
  ClientService,
  type ClientServiceOptions,
  EndpointRegistry,
  type IService,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  ListenFDs,
  MultiService,
  serverFromString,
  Service,
  startApplication,
  StreamServerEndpointService,
} from "../../endpoints/mod.ts";
import { messageOf } from "../../internal/foreign_value.ts";
import { Factory, Protocol, RequestTimeout } from "../../protocol/mod.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import type { IHostEnvironment } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { ManualEndpoint, ManualServerEndpoint, MemoryReactorClock } from "../mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

const factory = Factory.forProtocol(Protocol);

/** Returns a client endpoint to which no attempt succeeds. */
function deadClient(): ManualEndpoint {
  return new ManualEndpoint({ connecting: (attempt) => attempt.fail(new Error("in vain")) });
}

/** Returns a server endpoint that cannot listen. */
function deadServer(): ManualServerEndpoint {
  return new ManualServerEndpoint({ listening: (attempt) => attempt.fail(new Error("in vain")) });
}

/**
 * Runs a client service for one attempt. The caller that waits for a connection receives its
 * failure.
 */
async function keepConnected(
  test: Case,
  endpoint: IStreamClientEndpoint,
  options: Partial<ClientServiceOptions> = {},
): Promise<void> {
  const clock = new Clock();
  const service = new ClientService(endpoint, factory, { clock, ...options });
  let isStopping = false;
  service.whenConnected(1).addErrback((error) => {
    if (!isStopping && messageOf(error) !== "in vain") test.received(error);
  });
  service.startService();
  await hostTurn();
  isStopping = true;
  let isStopped = false;
  service.stopService().addCallback(() => {
    isStopped = true;
  });
  await hostTurn();
  assertEquals(isStopped, true, "the service did not stop");
  assertEquals(clock.getDelayedCalls(), []);
}

/** Makes one request over the connection of a `ClientService`. */
async function ask(test: Case): Promise<void> {
  const clock = new Clock();
  const service = new ClientService(connectedEndpoint(), factory, { clock });
  service.startService();
  service.request(test.act, { timeout: 5 }).addErrback((error) => {
    // A function that never answers times out.
    if (!(error instanceof RequestTimeout)) test.received(error);
  });
  await hostTurn();
  clock.advance(5);
  await service.stopService();
  assertEquals(clock.getDelayedCalls(), []);
}

/** Returns an endpoint that connects at once, with a silent peer. */
function connectedEndpoint(): ManualEndpoint {
  return new ManualEndpoint({
    connecting: (attempt) => attempt.succeed(),
    losesAtOnce: true,
  });
}

/** Runs a server on an endpoint that fails. */
async function serve(endpoint: IStreamServerEndpoint): Promise<void> {
  const service = new StreamServerEndpointService(endpoint, factory);
  service.startService();
  await hostTurn();
  service.stopService();
  await hostTurn();
}

class Wrong extends Service {}

/** Returns a service that fails in one method. */
function wrongService(method: keyof IService & string, act: () => never): IService {
  return Object.assign(new Wrong(), { [method]: act });
}

/** Runs an application that contains the service. */
async function application(test: Case, service: IService): Promise<void> {
  const reactor = new DenoReactor();
  const parent = new MultiService();
  parent.addService(service);
  try {
    startApplication(reactor, parent);
  } catch (error) {
    test.received(error);
  }
  const running = reactor.run({ installSignalHandlers: false });
  await hostTurn();
  reactor.stop();
  await hostTurn();
  // The application waits for a service that does not stop, until a second signal.
  if (!test.wrong.fails && reactor.running) reactor.sigInt();
  await running;
}

function serviceHook(method: keyof IService & string, reports: Hook["reports"]): Hook {
  return {
    name: method,
    documented: [`IService.${method}`, `Service.${method}`],
    reports: reports ?? "log",
    run: (test) => application(test, wrongService(method, test.act)),
    ...method === "stopService" ? { calledBy: "trigger" } : {},
  };
}

/** Reads a description with a custom parser. */
function parse(test: Case, parser: "server" | "client" | "read"): void {
  const registry = new EndpointRegistry<null>();
  registry.registerServerType({
    prefix: "own",
    parseStreamServer: parser === "server" ? test.act : (_, args) => {
      args.take(["a"], { a: { optional: false, read: test.act } });
      return deadServer();
    },
  });
  registry.registerClientType({ prefix: "own", parseStreamClient: test.act });
  try {
    if (parser === "client") registry.clientFromString(null, "own:1");
    else registry.serverFromString(null, "own:1");
  } catch (error) {
    test.received(error);
  }
}

/** Reads a description, and listens, in a host environment that fails. */
async function listenIn(
  { act, received }: Case,
  method: keyof IHostEnvironment & string,
  description: string,
): Promise<void> {
  const reactor = new MemoryReactorClock();
  reactor.hostEnvironment.files.set("a.pem", "no PEM").set("certificates/a.pem", "no PEM");
  Object.assign(reactor.hostEnvironment, { [method]: act });
  try {
    if (method === "readDirectory") {
      clientFromString(reactor, description).connect(factory).addErrback(received);
    } else serverFromString(reactor, description).listen(factory).addErrback(received);
  } catch (error) {
    received(error);
  }
  await hostTurn();
}

/** Returns the check that an option of a client service must be a function. */
function refusedByService(option: keyof ClientServiceOptions & string): Hook["refuses"] {
  return {
    option: `ClientService() ${option}`,
    give: (value) =>
      new ClientService(deadClient(), factory, { clock: new Clock(), [option]: value }),
  };
}

export const ENDPOINT_HOOKS: readonly Hook[] = [
  {
    name: "connect",
    where: "of an endpoint, by a ClientService",
    documented: ["IStreamClientEndpoint.connect"],
    reports: "caller",
    run: (test) => keepConnected(test, Object.assign(deadClient(), { connect: test.act })),
    refuses: {
      option: "the endpoint",
      give: (endpoint) => new ClientService(endpoint, factory, { clock: new Clock() }),
    },
  },
  {
    name: "toString",
    where: "of an endpoint, by a ClientService",
    documented: ["IStreamClientEndpoint.toString"],
    answers: true,
    run: (test) => keepConnected(test, Object.assign(deadClient(), { toString: test.act })),
  },
  {
    name: "prepareConnection",
    documented: ["ClientServiceOptions.prepareConnection"],
    reports: "caller",
    run: (test) => keepConnected(test, connectedEndpoint(), { prepareConnection: test.act }),
    refuses: refusedByService("prepareConnection") as NonNullable<Hook["refuses"]>,
  },
  {
    name: "ask",
    documented: ["ClientService.request(ask)"],
    reports: "caller",
    run: ask,
    refuses: {
      option: "request() ask",
      give: (ask) =>
        new ClientService(connectedEndpoint(), factory, { clock: new Clock() }).request(ask),
    },
  },
  {
    name: "retryPolicy",
    documented: ["ClientServiceOptions.retryPolicy"],
    answers: true,
    run: (test) => keepConnected(test, deadClient(), { retryPolicy: test.act }),
    refuses: refusedByService("retryPolicy") as NonNullable<Hook["refuses"]>,
  },
  {
    name: "jitter",
    calledBy: "retryPolicy",
    documented: ["BackoffPolicyOptions.jitter"],
    answers: true,
    run: (test) =>
      keepConnected(test, deadClient(), { retryPolicy: backoffPolicy({ jitter: test.act }) }),
    refuses: {
      option: "backoffPolicy() jitter",
      give: (jitter) => backoffPolicy({ jitter }),
    },
  },
  {
    name: "listen",
    where: "of an endpoint, by a StreamServerEndpointService",
    documented: ["IStreamServerEndpoint.listen"],
    run: (test) => serve(Object.assign(deadServer(), { listen: test.act })),
    refuses: {
      option: "the endpoint",
      give: (endpoint) => new StreamServerEndpointService(endpoint, factory),
    },
  },
  {
    name: "toString",
    where: "of an endpoint, by a StreamServerEndpointService",
    documented: ["IStreamServerEndpoint.toString"],
    answers: true,
    run: (test) => serve(Object.assign(deadServer(), { toString: test.act })),
  },
  serviceHook("privilegedStartService", "either"),
  serviceHook("startService", "either"),
  serviceHook("stopService", "log"),
  {
    name: "toString",
    where: "of a service",
    documented: ["Service.toString"],
    answers: true,
    run: (test) => {
      const service = Object.assign(new Wrong(), {
        toString: test.act,
        startService: () => Promise.reject(new Error("in vain")),
      });
      return application(test, service as never);
    },
  },
  ...(["server", "client", "read"] as const).map((parser): Hook => ({
    name: { server: "parseStreamServer()", client: "parseStreamClient()", read: "read()" }[parser],
    documented: [
      {
        server: "IStreamServerEndpointStringParser.parseStreamServer",
        client: "IStreamClientEndpointStringParserWithReactor.parseStreamClient",
        read: "ArgumentType.read",
      }[parser],
    ],
    reports: "caller",
    answers: true,
    run: (test) => parse(test, parser),
  })),
  {
    name: "getEnvironment",
    documented: ["IHostEnvironment.getEnvironment"],
    reports: "caller",
    answers: true,
    run: (test) => listenIn(test, "getEnvironment", "systemd:domain=INET:index=0"),
  },
  {
    name: "readTextFile",
    documented: ["IHostEnvironment.readTextFile"],
    reports: "caller",
    run: (test) => listenIn(test, "readTextFile", "ssl:0:privateKey=a.pem:certKey=a.pem"),
  },
  {
    name: "readDirectory",
    documented: ["IHostEnvironment.readDirectory"],
    reports: "caller",
    run: (test) => listenIn(test, "readDirectory", "ssl:192.0.2.1:443:caCertsDir=certificates"),
  },
  {
    name: "environ()",
    documented: ["ListenFDs.fromEnvironment(environ)"],
    reports: "caller",
    answers: true,
    run: ({ act, received }) => {
      try {
        ListenFDs.fromEnvironment(act, 1);
      } catch (error) {
        received(error);
      }
    },
    refuses: { option: "fromEnvironment() environ", give: (f) => ListenFDs.fromEnvironment(f, 1) },
  },
];
