import type { IReactor } from "../reactor/interfaces/mod.ts";
import { EndpointRegistry } from "./endpoint_registry.ts";
import { haproxyServerParser } from "./haproxy_parser.ts";
import { stdioServerParser } from "./stdio_parser.ts";
import { systemdServerParser } from "./systemd_parser.ts";
import {
  tcp6ClientParser,
  tcp6ServerParser,
  tcpClientParser,
  tcpServerParser,
} from "./tcp_parsers.ts";
import {
  sslClientParser,
  sslServerParser,
  tlsClientParser,
  tlsServerParser,
} from "./tls_parsers.ts";
import { unixClientParser, unixServerParser } from "./unix_parsers.ts";

/**
 * The endpoint types that `serverFromString` and `clientFromString` know. A type that is registered
 * here is known in the whole process, as a plugin is in Twisted. To keep a type to your own code,
 * create a registry on top of this one.
 */
export const defaultEndpointRegistry: EndpointRegistry<IReactor> = new EndpointRegistry<IReactor>()
  .registerServerType(tcpServerParser)
  .registerServerType(tcp6ServerParser)
  .registerServerType(sslServerParser)
  .registerServerType(tlsServerParser)
  .registerServerType(systemdServerParser)
  .registerServerType(haproxyServerParser)
  .registerServerType(unixServerParser)
  .registerServerType(stdioServerParser)
  .registerClientType(tcpClientParser)
  .registerClientType(tcp6ClientParser)
  .registerClientType(sslClientParser)
  .registerClientType(tlsClientParser)
  .registerClientType(unixClientParser);
