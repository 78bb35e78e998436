// Before a page's own scripts: keep its peer connections at hand, and say aloud what the policy forbids.
window.peers = [];
window.peerConfigurations = [];
const RealConnection = RTCPeerConnection;
window.RTCPeerConnection = class extends RealConnection {
  constructor(configuration) {
    super(configuration);
    window.peers.push(this);
    window.peerConfigurations.push(configuration);
  }
};
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error("policy violated:", violatedDirective, blockedURI),
);
