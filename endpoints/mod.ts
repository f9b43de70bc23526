/**
 * Endpoints: objects and strings that say where to listen and where to connect to. A program that
 * takes an endpoint works with any kind of connection. Services are here too: they keep servers and
 * connections running as long as the program.
 *
 * @module
 */

export { AdoptedStreamServerEndpoint } from "./adopted.ts";
export * as endpointArgument from "./argument_types.ts";
export type { ArgumentType, OptionalArgumentType } from "./argument_types.ts";
export { connectProtocol } from "./connect_protocol.ts";
export type { ConnectToHostOptions, IReactorForNames } from "./connect_to_host.ts";
export { defaultEndpointRegistry } from "./default_endpoint_registry.ts";
export { quoteStringArgument } from "./description.ts";
export { type DescriptionSpan, EndpointDescriptionError } from "./description_error.ts";
export type { ArgumentsRead, ArgumentTypes, EndpointArguments } from "./endpoint_arguments.ts";
export {
  EndpointRegistry,
  type IStreamClientEndpointStringParserWithReactor,
  type IStreamServerEndpointStringParser,
} from "./endpoint_registry.ts";
export { HostnameEndpoint } from "./hostname_endpoint.ts";
export { clientFromString, serverFromString } from "./from_string.ts";
export type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
export { ListenFDs } from "./listen_fds.ts";
export * from "./service/mod.ts";
export { ProcessEndpoint, type ProcessEndpointOptions, StandardErrorBehavior } from "./process.ts";
export { ProcessConnection } from "./process_connection.ts";
export { StandardIO, StandardIOEndpoint } from "./standard_io.ts";
export { TCP4ClientEndpoint, TCP4ServerEndpoint } from "./tcp.ts";
export { TCP6ClientEndpoint, TCP6ServerEndpoint } from "./tcp6.ts";
export {
  TLSClientEndpoint,
  TLSClientEndpoint as SSL4ClientEndpoint,
  TLSServerEndpoint,
  TLSServerEndpoint as SSL4ServerEndpoint,
} from "./tls.ts";
export { UNIXClientEndpoint, UNIXServerEndpoint } from "./unix.ts";
export { wrapClientTLS, wrapServerTLS } from "./wrap_tls.ts";
