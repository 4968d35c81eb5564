# … a day later (every proxy and agent knows it by then) its intermediate signs …
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Example/CN=Mesh CA 3" -keyout next-key.pem -out mesh.csr
openssl x509 -req -in mesh.csr -CA root2-cert.pem -CAkey root2-key.pem -CAcreateserial -days 730 -extfile ca.ext -out next-cert.pem
chmod 600 next-key.pem
mv next-key.pem cacerts/ca-key.pem
cp next-cert.pem cacerts/cert-chain.pem
mv next-cert.pem cacerts/ca-cert.pem
