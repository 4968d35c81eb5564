# The company's root: its key stays where only you can reach it.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/O=Example/CN=Example root" \
  -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout root-key.pem -out root-cert.pem

# An intermediate for this mesh: may sign workloads, and no other CAs.
mkdir -p cacerts && chmod 700 cacerts
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Example/CN=Mesh CA 1" -keyout cacerts/ca-key.pem -out mesh.csr
printf 'basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' > ca.ext
openssl x509 -req -in mesh.csr -CA root-cert.pem -CAkey root-key.pem -CAcreateserial -days 730 -extfile ca.ext -out cacerts/ca-cert.pem
cp cacerts/ca-cert.pem cacerts/cert-chain.pem
cp root-cert.pem cacerts/root-cert.pem
chmod 600 cacerts/ca-key.pem
