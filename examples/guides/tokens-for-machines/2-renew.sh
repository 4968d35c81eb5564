# Before the hour is over, again and again; Envoy reads the file when it is replaced.
mizzen token create --namespace app --service-account depot --ttl 1h --output depot-1.token
