import { overloadTests } from "../../../testing/conformance/overload.ts";
import { tcpConformance } from "../../../testing/conformance/tcp.ts";
import { EpollReactor } from "./reactor.ts";

tcpConformance("EpollReactor", () => new EpollReactor(), { abortSeenAs: /^ECONNRESET$/ });
overloadTests("EpollReactor", new URL("./reactor.ts", import.meta.url).href);
