/**
 * Checks on the objects that are passed in with methods to call: what an untyped caller passes by mistake is refused at the call, where
 * otherwise a method would be missing in the middle of a connection.
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
 * @param action What is to be done with it: `listen`.
 * @throws {TypeError} when it is not a factory.
 */
export function checkFactory(action: string, factory: unknown): void {
  check(`Cannot ${action}: the factory`, factory, FACTORY);
}

/**
 * Checks the factory of a connector.
 *
 * @throws {TypeError} when it is not a client factory.
 */
export function checkClientFactory(factory: unknown): void {
  check("Cannot connect: the factory", factory, CLIENT_FACTORY);
}

/**
 * Checks a protocol that is passed in itself.
 *
 * @throws {TypeError} when it is not a protocol.
 */
export function checkProtocol(action: string, protocol: unknown): void {
  check(`Cannot ${action}: the protocol`, protocol, PROTOCOL);
}

/**
 * Checks the protocol of a datagram port.
 *
 * @throws {TypeError} when it is not a datagram protocol.
 */
export function checkDatagramProtocol(protocol: unknown): void {
  check("Cannot use a datagram port: the protocol", protocol, DATAGRAM_PROTOCOL);
}

/**
 * Checks the protocol of a child process.
 *
 * @throws {TypeError} when it is not a process protocol.
 */
export function checkProcessProtocol(protocol: unknown): void {
  check("Cannot start a process: the protocol", protocol, PROCESS_PROTOCOL);
}

/**
 * Checks a producer that is registered with a transport.
 *
 * @param streaming Whether it is to be a push producer.
 * @throws {TypeError} when it is not a producer of that kind.
 */
export function checkProducer(producer: unknown, streaming: boolean): void {
  check("Cannot register: the producer", producer, streaming ? PUSH_PRODUCER : PULL_PRODUCER);
}

/**
 * Checks a name resolver.
 *
 * @throws {TypeError} when it is not one.
 */
export function checkNameResolver(resolver: unknown): void {
  check("Cannot install: the name resolver", resolver, NAME_RESOLVER);
}

/**
 * Checks the streams for standard input and output.
 *
 * @throws {TypeError} when one of them cannot be used.
 */
export function checkStandardStreams(stdin: unknown, stdout: unknown): void {
  check("Cannot use standard input: stdin", stdin, BYTE_SOURCE);
  check("Cannot use standard output: stdout", stdout, BYTE_SINK);
}

/**
 * Checks an endpoint that a service uses.
 *
 * @param action What is to be done with it.
 * @param endpoint The endpoint.
 * @param method The method that the service calls.
 * @throws {TypeError} when the endpoint does not have it.
 */
export function checkEndpoint(
  action: string,
  endpoint: unknown,
  method: "connect" | "listen",
): void {
  check(`Cannot ${action}: the endpoint`, endpoint, [method]);
}

function check(what: string, value: unknown, methods: readonly string[]): void {
  const missing = isObject(value)
    ? methods.filter((method) => typeof read(value, method) !== "function")
    : methods;
  if (missing.length === 0) return;
  const list = methods.map((method) => `${method}()`).join(", ");
  throw new TypeError(`${what} must be an object with ${list}; got ${quote(value)}${hint(value)}`);
}

/** A class in the place of its instance, or a protocol's class in the place of a factory. */
function hint(value: unknown): string {
  if (typeof value !== "function") return "";
  const prototype = read(value, "prototype");
  if (!isObject(prototype)) return "";
  const name = quote(value).replace(/^function /, "");
  const makesProtocols = typeof read(prototype, "buildProtocol") === "function";
  return typeof read(prototype, "dataReceived") === "function" && !makesProtocols
    ? `: Factory.forProtocol(${name}) makes a factory, new ${name}() a protocol`
    : `: new ${name}() makes one`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}
