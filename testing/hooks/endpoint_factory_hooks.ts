/**
 * The methods of a factory that an endpoint wraps: the factory of a client endpoint, and that of
 * `wrapServerTLS`.
 *
 * @module
 */

import { wrapServerTLS } from "../../endpoints/mod.ts";
import { ConnectingFactory } from "../../endpoints/connecting_factory.ts";
import { FakeTLS } from "../fixtures/fake_tls.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { connect, Counting, listen, wrongFactory } from "./factory_hooks.ts";
import { ManualServerEndpoint } from "../mod.ts";
import type { Case, Hook } from "./hook.ts";

/** Connects as a client endpoint does. */
async function connectEndpoint(test: Case, method: keyof Counting & string): Promise<void> {
  const factory = wrongFactory(new Counting(), method, test.act);
  const connecting = new ConnectingFactory(factory);
  connecting.connected.addErrback(test.received);
  await connect(test, factory, false, connecting);
}

/** Returns the factory that `wrapServerTLS` passes to the inner endpoint. */
function behindTLS(factory: IProtocolFactory): IProtocolFactory {
  const inner = new ManualServerEndpoint();
  wrapServerTLS({}, inner).listen(factory);
  return inner.attempt().factory;
}

/** Listens over TLS, for a peer whose handshake succeeds or fails. */
async function listenBehindTLS(
  test: Case,
  factory: Counting,
  isSecured: boolean,
): Promise<void> {
  const tls = new FakeTLS();
  await listen(test, factory, {
    wrapped: behindTLS(factory),
    tls,
    connected: (host) => {
      if (isSecured) tls.engine.secure();
      else tls.engine.sink.tlsFailed(new Error("no handshake"));
      host.settle();
    },
    closed: () => {
      if (isSecured) tls.engine.sink.peerVanished();
    },
  });
}

function clientHook(method: keyof Counting & string, options: Partial<Hook>): Hook {
  return {
    name: method,
    where: "of a client endpoint's factory",
    documented: [],
    run: (test) => connectEndpoint(test, method),
    ...options,
  };
}

function serverHook(method: keyof Counting & string, options: Partial<Hook>): Hook {
  return {
    name: method,
    where: "of a factory behind wrapServerTLS()",
    documented: [],
    run: (test) => listenBehindTLS(test, wrongFactory(new Counting(), method, test.act), true),
    ...options,
  };
}

export const ENDPOINT_FACTORY_HOOKS: readonly Hook[] = [
  clientHook("buildProtocol", { reports: "caller", answers: true }),
  clientHook("startFactory", { reports: "either" }),
  clientHook("doStart", { reports: "either" }),
  clientHook("stopFactory", { reports: "either", calledBy: "doStop" }),
  serverHook("buildProtocol", { calledBy: "handshakeCompleted", answers: true }),
  serverHook("startFactory", { reports: "either" }),
  serverHook("doStart", { reports: "either" }),
  serverHook("stopFactory", { reports: "either" }),
  serverHook("doStop", { reports: "either" }),
  serverHook("logPrefix", { answers: true }),
  {
    name: "handshakeFailed",
    where: "of a factory behind wrapServerTLS()",
    documented: [],
    run: (test) =>
      listenBehindTLS(
        test,
        Object.assign(new Counting(), { handshakeFailed: test.act }),
        false,
      ),
  },
];
