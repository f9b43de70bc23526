import { overloadTests } from "../../../testing/conformance/overload.ts";
import { tcpConformance } from "../../../testing/conformance/tcp.ts";
import { DenoReactor } from "./reactor.ts";

tcpConformance("DenoReactor", () => new DenoReactor());
overloadTests("DenoReactor", new URL("./reactor.ts", import.meta.url).href);
