# On the control plane, once for each machine: who it is, and a token that proves it for an hour.
mizzen bootstrap --namespace app --service-account depot --name depot-1 --ip 10.0.0.21 --workload-group depot \
  --xds-address mizzen.internal:15012 --token-file depot-1.token --token-ttl 1h --output depot-1.json
