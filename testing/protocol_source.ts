import { checkProtocol } from "../reactor/lifecycle/argument_checks.ts";
import { Factory, type ProtocolClass, type ProtocolMaker } from "../protocol/mod.ts";
import { read } from "../internal/foreign_value.ts";
import type { Address, IProtocol } from "../reactor/interfaces/mod.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import type { ITypedProtocolFactory } from "../reactor/interfaces/endpoint.ts";
import { InstanceFactory } from "../endpoints/instance_factory.ts";

/**
 * What a connected pair makes a protocol from: a factory, a protocol class, a function that makes a
 * protocol, or the protocol itself.
 *
 * @typeParam P The protocol.
 */
export type ProtocolSource<P extends IProtocol> =
  | ITypedProtocolFactory<P>
  | ProtocolClass<P>
  | ProtocolMaker<P>
  | P;

/**
 * Returns a factory that builds the protocol of a source.
 *
 * @throws {TypeError} If the source is neither of the possible values.
 */
export function factoryOf<P extends IProtocol>(
  source: ProtocolSource<P>,
): ITypedProtocolFactory<P> {
  if (isMaker(source)) return new SourceFactory(source);
  if (isFactory(source)) return source;
  checkProtocol("connect", source);
  return new InstanceFactory(source);
}

/**
 * Builds a protocol.
 *
 * @param factory The factory.
 * @param peer The address of the peer.
 * @param side The side of the connection, for the error message.
 * @throws {Error} If the factory builds none; also the error of `buildProtocol()`.
 */
export function builtFor<P extends IProtocol>(
  factory: ITypedProtocolFactory<P>,
  peer: Address,
  side: "server" | "client",
): P {
  const protocol = buildProtocol(factory, peer);
  if (protocol === null) {
    throw new Error(`Cannot connect to ${peer}: the ${side}'s factory built no protocol`);
  }
  return protocol;
}

function isFactory<P extends IProtocol>(
  source: ITypedProtocolFactory<P> | P,
): source is ITypedProtocolFactory<P> {
  return typeof source === "object" && source !== null &&
    typeof read(source, "buildProtocol") === "function";
}

/** A class or a function: neither a factory nor a protocol is one. */
function isMaker<P extends IProtocol>(
  source: ProtocolSource<P>,
): source is ProtocolClass<P> | ProtocolMaker<P> {
  return typeof source === "function";
}

/** A factory for a class or a function. */
class SourceFactory<P extends IProtocol> extends Factory<P> {
  override noisy = false;

  constructor(source: ProtocolClass<P> | ProtocolMaker<P>) {
    super();
    this.protocol = source;
  }
}
