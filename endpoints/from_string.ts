import type { IReactor } from "../reactor/interfaces/mod.ts";
import { defaultEndpointRegistry } from "./default_endpoint_registry.ts";
import type { EndpointRegistry } from "./endpoint_registry.ts";
import type { IStreamClientEndpoint, IStreamServerEndpoint } from "./interfaces.ts";

/**
 * Makes a server endpoint of a string, such as an administrator writes it into a configuration. Twisted's `serverFromString`.
 *
 * | Type | Examples |
 * | --- | --- |
 * | `tcp` | `tcp:80`, `tcp:80:interface=127.0.0.1`, `tcp:80:backlog=50` |
 * | `tcp6` | `tcp6:80`, `tcp6:80:interface=\:\:1` |
 * | `tls`, `ssl` | `tls:443:privateKey=key.pem:certKey=cert.pem`, `tls:443:privateKey=both.pem:caCertsDir=/etc/clients` |
 * | `unix` | `unix:/run/chat/socket`, `unix:/run/chat/socket:mode=660`, `unix:/run/chat/socket:lockfile=1` |
 * | `stdio` | `stdio:` |
 * | `systemd` | `systemd:domain=INET:name=web`, `systemd:domain=UNIX:index=0` |
 *
 * Keys and certificates are in files, as PEM, which are read each time the endpoint listens. Their arguments are Twisted's: a certificate
 * (`certKey`) may be in its key's file, `extraCertChain` names those between it and the root, and with `caCertsDir`, a directory or a file,
 * clients must have certificates that these have signed (`clientCertificate=request`: they may). `alpnProtocols=h2,http/1.1` and
 * `handshakeTimeout` are there, too.
 *
 * A type may have arguments by position and by name (`interface=127.0.0.1`), with colons between them. A backslash quotes a colon, an
 * equals sign or a backslash in a value; {@linkcode quoteStringArgument} does so.
 *
 * What differs from Twisted: `unix` takes no lock unless `lockfile=1` asks for one, as the socket of a server that was killed is in nobody's
 * way here; and `sslmethod` and `dhParameters` are not there, as the system under Deno knows what is safe.
 *
 * @param reactor What is to listen.
 * @param description The string.
 * @param options `registry` has types of your own, where Twisted has plugins.
 * @throws {EndpointDescriptionError} when the string describes no server endpoint; its message quotes the string and points at the place.
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
 * Makes a server endpoint of a string, by the types of a registry.
 *
 * @param reactor What is to listen.
 * @param description The string.
 * @param options `registry` has the types.
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
 * Makes a client endpoint of a string. Twisted's `clientFromString`.
 *
 * | Type | Examples |
 * | --- | --- |
 * | `tcp` | `tcp:example.org:80`, `tcp:host=example.org:port=80`, `tcp:example.org:80:timeout=5`, `tcp:example.org:80:bindAddress=192.0.2.1` |
 * | `tcp6` | `tcp6:example.org:80`, `tcp6:\:\:1:80` |
 * | `tls` | `tls:example.org:443`, `tls:example.org:443:trustRoots=ca.pem:certificate=cert.pem:privateKey=key.pem`, `tls:example.org:443:endpoint=unix\:/run/tunnel` |
 * | `ssl` | `ssl:example.org:443`, `ssl:192.0.2.1:443:hostname=example.org:caCertsDir=ca.pem:certKey=cert.pem:privateKey=key.pem` |
 * | `unix` | `unix:/run/chat/socket`, `unix:path=/run/chat/socket:timeout=5`, `unix:/run/chat/socket:lockfile=1` |
 *
 * The server's certificate must be for the host and signed by one of the system's trust roots, or of those in the directory or file
 * `trustRoots` (`caCertsDir`). Twisted's `ssl` takes any certificate unless it is given a `hostname` or `caCertsDir`. Over another endpoint the
 * host says only whom the certificate must be for.
 *
 * The grammar is that of {@linkcode serverFromString}.
 *
 * @param reactor What is to connect.
 * @param description The string.
 * @param options `registry` has types of your own.
 * @throws {EndpointDescriptionError} when the string describes no client endpoint; its message quotes the string and points at the place.
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
 * Makes a client endpoint of a string, by the types of a registry.
 *
 * @param reactor What is to connect.
 * @param description The string.
 * @param options `registry` has the types.
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
