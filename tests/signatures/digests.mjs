// EIP-712 by ethers: reads {"key": ..., "documents": [...]} from standard input, each document as eth_signTypedData_v4
// takes it, and writes for each its domain separator, struct hash, digest, and the key's signature.
import { readFileSync } from "node:fs";
import { TypedDataEncoder, Wallet } from "ethers";

const { key, documents } = JSON.parse(readFileSync(0, "utf8"));
const wallet = new Wallet(key);
const answers = documents.map(({ types, primaryType, domain, message }) => {
  const { EIP712Domain, ...own } = types;
  const encoder = TypedDataEncoder.from(own);
  if (encoder.primaryType !== primaryType) throw new Error(`${encoder.primaryType} is not ${primaryType}`);
  const digest = TypedDataEncoder.hash(domain, own, message);
  return {
    domain: TypedDataEncoder.hashDomain(domain),
    struct: encoder.hash(message),
    digest,
    signature: wallet.signingKey.sign(digest).serialized,
  };
});
process.stdout.write(JSON.stringify(answers));
