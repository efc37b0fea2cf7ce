import { startKube } from "../start-kube.ts";

// Starts a cluster, says where it is, and goes on until it is killed.
const kube = await startKube({ controllers: false, fakeNodes: 0 });
console.log(kube.dir);
setInterval(() => undefined, 60_000);
