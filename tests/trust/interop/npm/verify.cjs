// Reads requests, one of JSON a line, and answers each with what sigstore's packages say of a bundle.
"use strict";

const { bundleFromJSON } = require("@sigstore/bundle");
const { crypto } = require("@sigstore/core");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const NOTHING = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };

// A key is trusted by its hint. Beside it nothing vouches for anything: no log, no time.
function withKeys(keys) {
  const known = (hint) => {
    if (!Object.hasOwn(keys, hint)) {
      throw new Error(`no key: ${hint}`);
    }
    return { publicKey: crypto.createPublicKey(keys[hint]), validFor: () => true };
  };
  const none = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };
  return new Verifier(toTrustMaterial(NOTHING, known), none);
}

function withRoot(root) {
  return new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root)));
}

function answer({ bundle, keys, root, policy }) {
  let stage = "bundle";
  try {
    const read = bundleFromJSON(bundle);
    stage = "verify";
    const verifier = root === undefined ? withKeys(keys) : withRoot(root);
    const signer = verifier.verify(toSignedEntity(read), policy);
    const payload = read.content.dsseEnvelope.payload.toString("base64");
    return { payload, identity: signer.identity?.subjectAlternativeName ?? null };
  } catch (error) {
    return { refused: stage, code: error.code ?? null, fields: error.fields ?? null, message: error.message };
  }
}

const requests = require("node:fs").readFileSync(0, "utf8").trim().split("\n");
for (const request of requests) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(request)))}\n`);
}
