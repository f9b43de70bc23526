import { timeConformance } from "../../../testing/conformance/time.ts";
import { MemoryHost } from "../../../testing/fixtures/memory_host.ts";

const host = new MemoryHost();
timeConformance("InMemoryReactor", host.makeReactor, host.FakeTime);
