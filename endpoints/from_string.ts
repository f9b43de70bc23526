import type { IReactor } from "../reactor/interfaces/mod.ts";
import { defaultEndpointRegistry } from "./default_endpoint_registry.ts";
import type { EndpointRegistry } from "./endpoint_registry.ts";
import type {
  IStreamClientEndpoint,
  IStreamServerEndpoint,
} from "../reactor/interfaces/endpoint.ts";

/**
 * Creates a server endpoint from a string, as an administrator writes it into a configuration file.
 * Twisted's `serverFromString`.
 *
 * | Type | Examples |
 * | --- | --- |
 * | `tcp` | `tcp:80`, `tcp:80:interface=127.0.0.1`, `tcp:80:backlog=50` |
 * | `tcp6` | `tcp6:80`, `tcp6:80:interface=\:\:1` |
 * | `tls`, `ssl` | `tls:443:privateKey=key.pem:certKey=cert.pem`, `tls:443:privateKey=both.pem:caCertsDir=/etc/clients` |
 * | `unix` | `unix:/run/chat/socket`, `unix:/run/chat/socket:mode=660`, `unix:/run/chat/socket:lockfile=1` |
 * | `stdio` | `stdio:` |
 * | `haproxy` | `haproxy:trustedSources=10.0.0.0/8:tcp:80`: behind a proxy that sends the PROXY protocol |
 * | `systemd` | `systemd:domain=INET:name=web`, `systemd:domain=UNIX:index=0` |
 *
 * Keys and certificates are PEM files, which are read each time the endpoint listens. Their
 * arguments are Twisted's: the certificate (`certKey`) may be in the file of the key,
 * `extraCertChain` is a file with the certificates between it and the root, and with `caCertsDir`,
 * a directory or a file, clients must present a certificate that one of these has signed (with
 * `clientCertificate=request` they may omit it). There are also `alpnProtocols=h2,http/1.1` and
 * `handshakeTimeout`.
 *
 * Arguments are separated by colons, and are given by position or by name (`interface=127.0.0.1`).
 * A backslash quotes a colon, an equals sign or a backslash in a value;
 * {@linkcode quoteStringArgument} adds these.
 *
 * It differs from Twisted in two points. `unix` uses a lock file only with `lockfile=1`, because a
 * socket file that a killed server left behind is replaced without one. And there is no `sslmethod`
 * and no `dhParameters`, because Deno's TLS engine chooses secure parameters.
 *
 * @param reactor The reactor that will listen.
 * @param description The description.
 * @param options `registry` has custom types, where Twisted has plugins.
 * @returns The endpoint.
 * @throws {EndpointDescriptionError} when the string describes no server endpoint. The message
 *   quotes the string and points at the offending piece.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { serverFromString } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const endpoint = serverFromString(reactor, Deno.args[0] ?? "tcp:2000:interface=127.0.0.1");
 * const port = await endpoint.listen(Factory.forProtocol(Protocol));
 * console.log(`${port.getHost()}`);
 * ```
 */
export function serverFromString(reactor: IReactor, description: string): IStreamServerEndpoint;
/**
 * Creates a server endpoint from a string, with the types of a registry.
 *
 * @param reactor The reactor that will listen.
 * @param description The description.
 * @param options `registry` has the types.
 * @returns The endpoint.
 */
export function serverFromString<R>(
  reactor: NoInfer<R>,
  description: string,
  options: { registry: EndpointRegistry<R> },
): IStreamServerEndpoint;
export function serverFromString(
  reactor: IReactor,
  description: string,
  options: { registry: EndpointRegistry<IReactor> } = { registry: defaultEndpointRegistry },
): IStreamServerEndpoint {
  return options.registry.serverFromString(reactor, description);
}

/**
 * Creates a client endpoint from a string. Twisted's `clientFromString`.
 *
 * | Type | Examples |
 * | --- | --- |
 * | `tcp` | `tcp:example.org:80`, `tcp:host=example.org:port=80`, `tcp:example.org:80:timeout=5`, `tcp:example.org:80:bindAddress=192.0.2.1` |
 * | `tcp6` | `tcp6:example.org:80`, `tcp6:\:\:1:80` |
 * | `tls` | `tls:example.org:443`, `tls:example.org:443:trustRoots=ca.pem:certificate=cert.pem:privateKey=key.pem`, `tls:example.org:443:endpoint=unix\:/run/tunnel` |
 * | `ssl` | `ssl:example.org:443`, `ssl:192.0.2.1:443:hostname=example.org:caCertsDir=ca.pem:certKey=cert.pem:privateKey=key.pem` |
 * | `unix` | `unix:/run/chat/socket`, `unix:path=/run/chat/socket:timeout=5`, `unix:/run/chat/socket:lockfile=1` |
 *
 * The server's certificate must be valid for the host, and be signed by a trust root of the system,
 * or by one in the directory or file `trustRoots` (`caCertsDir` for `ssl`). Twisted's `ssl` accepts
 * any certificate unless `hostname` or `caCertsDir` is given. With `endpoint`, the connection is
 * made over that endpoint, and the host is only the name for which the certificate must be valid.
 *
 * The grammar is that of {@linkcode serverFromString}.
 *
 * @param reactor The reactor that will connect.
 * @param description The description.
 * @param options `registry` has custom types.
 * @returns The endpoint.
 * @throws {EndpointDescriptionError} when the string describes no client endpoint. The message
 *   quotes the string and points at the offending piece.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { clientFromString, connectProtocol } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = clientFromString(reactor, Deno.args[0] ?? "tcp:127.0.0.1:2000");
 * const protocol = await connectProtocol(endpoint, new Protocol());
 * protocol.transport.write("Hello");
 * ```
 */
export function clientFromString(reactor: IReactor, description: string): IStreamClientEndpoint;
/**
 * Creates a client endpoint from a string, with the types of a registry.
 *
 * @param reactor The reactor that will connect.
 * @param description The description.
 * @param options `registry` has the types.
 * @returns The endpoint.
 */
export function clientFromString<R>(
  reactor: NoInfer<R>,
  description: string,
  options: { registry: EndpointRegistry<R> },
): IStreamClientEndpoint;
export function clientFromString(
  reactor: IReactor,
  description: string,
  options: { registry: EndpointRegistry<IReactor> } = { registry: defaultEndpointRegistry },
): IStreamClientEndpoint {
  return options.registry.clientFromString(reactor, description);
}
