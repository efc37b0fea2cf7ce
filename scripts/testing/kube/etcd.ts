/** Compacts an etcd up to its newest revision, through its JSON gateway (etcd docs, "Why gRPC gateway"). */
export const compactEtcd = async (etcdUrl: string): Promise<void> => {
  const { header } = await call<{ header: { revision: string } }>(etcdUrl, "range", {
    key: Buffer.from("/").toString("base64"),
    count_only: true,
  });
  await call(etcdUrl, "compaction", { revision: header.revision, physical: true });
};

const call = async <T>(etcdUrl: string, method: string, body: object): Promise<T> => {
  const response = await fetch(`${etcdUrl}/v3/kv/${method}`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`unable to call ${method} of etcd; ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};
