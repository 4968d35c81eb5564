# Another intermediate of the same root. The certificate goes last: until then the files do not fit together, and nothing changes.
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Example/CN=Mesh CA 2" -keyout next-key.pem -out mesh.csr
openssl x509 -req -in mesh.csr -CA root-cert.pem -CAkey root-key.pem -CAcreateserial -days 730 -extfile ca.ext -out next-cert.pem
chmod 600 next-key.pem
mv next-key.pem cacerts/ca-key.pem
cp next-cert.pem cacerts/cert-chain.pem
mv next-cert.pem cacerts/ca-cert.pem
