import { streamConformance } from "../../../testing/conformance/stream.ts";
import { tlsTransport } from "../../../testing/conformance/tls_transport.ts";
import { EpollReactor } from "./reactor.ts";

streamConformance(await tlsTransport("EpollReactor", () => new EpollReactor()));
