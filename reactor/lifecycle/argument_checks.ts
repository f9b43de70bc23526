/**
 * Checks of factories, protocols and other objects that callers pass in.
 *
 * A wrong object from an untyped caller is rejected by the call that receives it. Otherwise a
 * method would be missing later, in the middle of a connection.
 *
 * @module
 */

import { quote, read } from "../../internal/foreign_value.ts";
import type {
  IByteSink,
  IByteSource,
  IClientFactory,
  IDatagramProtocol,
  IHostnameResolver,
  IProcessProtocol,
  IProtocol,
  IProtocolFactory,
  IPullProducer,
  IPushProducer,
} from "../interfaces/mod.ts";

type MethodOf<T> = Exclude<keyof T, symbol>;

const FACTORY: readonly MethodOf<IProtocolFactory>[] = ["buildProtocol", "doStart", "doStop"];
const CLIENT_FACTORY: readonly MethodOf<IClientFactory>[] = [
  "buildProtocol",
  "doStart",
  "doStop",
  "startedConnecting",
  "clientConnectionFailed",
  "clientConnectionLost",
];
const PROTOCOL: readonly MethodOf<IProtocol>[] = [
  "makeConnection",
  "dataReceived",
  "connectionLost",
];
const DATAGRAM_PROTOCOL: readonly MethodOf<IDatagramProtocol<unknown>>[] = [
  "makeConnection",
  "datagramReceived",
  "connectionRefused",
  "doStop",
];
const PROCESS_PROTOCOL: readonly MethodOf<IProcessProtocol>[] = [
  "makeConnection",
  "childDataReceived",
  "childConnectionLost",
  "processExited",
  "processEnded",
];
const PUSH_PRODUCER: readonly MethodOf<IPushProducer>[] = [
  "pauseProducing",
  "resumeProducing",
  "stopProducing",
];
const PULL_PRODUCER: readonly MethodOf<IPullProducer>[] = ["resumeProducing", "stopProducing"];
const NAME_RESOLVER: readonly MethodOf<IHostnameResolver>[] = ["resolveHostName"];
const BYTE_SOURCE: readonly MethodOf<IByteSource>[] = ["read", "close"];
const BYTE_SINK: readonly MethodOf<IByteSink>[] = ["write"];

/**
 * Checks the factory of a port.
 *
 * @param action The verb for the error message, such as `listen`.
 * @param factory The value to check.
 * @throws {TypeError} If the value is not a factory.
 */
export function checkFactory(action: string, factory: unknown): void {
  check(`Cannot ${action}: the factory`, factory, FACTORY);
}

/**
 * Checks the factory of a connector.
 *
 * @throws {TypeError} If the value is not a client factory.
 */
export function checkClientFactory(factory: unknown): void {
  check("Cannot connect: the factory", factory, CLIENT_FACTORY);
}

/**
 * Checks a protocol that is passed in without a factory.
 *
 * @param action The verb for the error message, such as `connect`.
 * @param protocol The value to check.
 * @throws {TypeError} If the value is not a protocol.
 */
export function checkProtocol(action: string, protocol: unknown): void {
  check(`Cannot ${action}: the protocol`, protocol, PROTOCOL);
}

/**
 * Checks the protocol of a datagram port.
 *
 * @throws {TypeError} If the value is not a datagram protocol.
 */
export function checkDatagramProtocol(protocol: unknown): void {
  check("Cannot use a datagram port: the protocol", protocol, DATAGRAM_PROTOCOL);
}

/**
 * Checks the protocol of a child process.
 *
 * @throws {TypeError} If the value is not a process protocol.
 */
export function checkProcessProtocol(protocol: unknown): void {
  check("Cannot start a process: the protocol", protocol, PROCESS_PROTOCOL);
}

/**
 * Checks a producer that is registered with a transport.
 *
 * @param producer The value to check.
 * @param streaming `true` for a push producer, `false` for a pull producer.
 * @throws {TypeError} If the value is not a producer of that type.
 */
export function checkProducer(producer: unknown, streaming: boolean): void {
  check(
    "Cannot register a producer: the producer",
    producer,
    streaming ? PUSH_PRODUCER : PULL_PRODUCER,
  );
}

/**
 * Checks a name resolver.
 *
 * @throws {TypeError} If the value is not a name resolver.
 */
export function checkNameResolver(resolver: unknown): void {
  check("Cannot install a name resolver: the resolver", resolver, NAME_RESOLVER);
}

/**
 * Checks the streams for standard input and output.
 *
 * @throws {TypeError} If one of the values is not such a stream.
 */
export function checkStandardStreams(stdin: unknown, stdout: unknown): void {
  check("Cannot use standard input: stdin", stdin, BYTE_SOURCE);
  check("Cannot use standard output: stdout", stdout, BYTE_SINK);
}

/**
 * Checks an endpoint that a service uses.
 *
 * @param action The verb for the error message.
 * @param endpoint The value to check.
 * @param method The method that the service calls.
 * @throws {TypeError} If the value does not have the method.
 */
export function checkEndpoint(
  action: string,
  endpoint: unknown,
  method: "connect" | "listen",
): void {
  check(`Cannot ${action}: the endpoint`, endpoint, [method]);
}

/**
 * Checks an observer of a reactor.
 *
 * @throws {TypeError} If the value is not an object.
 */
export function checkObserver(observer: unknown): void {
  if (isObject(observer)) return;
  throw new TypeError(
    `Cannot observe a reactor: the observer must be an object; got ${quote(observer)}`,
  );
}

function check(subject: string, value: unknown, methods: readonly string[]): void {
  const isComplete = isObject(value) &&
    methods.every((method) => typeof read(value, method) === "function");
  if (isComplete) return;
  const list = methods.map((method) => `${method}()`).join(", ");
  throw new TypeError(
    `${subject} must be an object with ${list}; got ${quote(value)}${hint(value)}`,
  );
}

/** Returns advice for a caller that has passed a class instead of an instance or a factory. */
function hint(value: unknown): string {
  if (typeof value !== "function") return "";
  const prototype = read(value, "prototype");
  if (!isObject(prototype)) return "";
  const name = quote(value).replace(/^function /, "");
  const makesProtocols = typeof read(prototype, "buildProtocol") === "function";
  return typeof read(prototype, "dataReceived") === "function" && !makesProtocols
    ? `: use Factory.forProtocol(${name}) for a factory, new ${name}() for a protocol`
    : `: use new ${name}()`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}
