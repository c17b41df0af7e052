"""One resource of each kind, and for each POST and PATCH bodies with every field in them."""
import sandbox_server as server

JPEG = '/9j/4AAQSkZJRgABAQ=='


def definition(transition):
    return {'StartAt': 'Look', 'States': {'Look': {'Type': 'Task', 'Resource': transition,
                                                   'End': True}}}


class World:
    def __init__(self, api):
        self.api = api
        self.dataset = api.post('/datasets', {'name': 'set'})['datasetId']
        self.document = api.post('/documents', {
            'content': server.PDF, 'contentType': 'application/pdf'})['documentId']
        self.asset = api.post('/assets', {'content': server.PDF})['assetId']
        self.secret = api.post('/secrets', {'data': {'username': 'u'}})['secretId']
        self.client = api.post('/appClients', {})['appClientId']
        self.user = api.post('/users', {'email': 'a@example.com'})['userId']
        self.model = api.post('/models', {'width': 100, 'height': 100, 'fieldConfig': {
            'total': {'type': 'amount', 'maxLength': 20}}})['modelId']
        api.patch('/models/' + self.model, {'status': 'active'})
        self.bundle = api.post('/models/%s/dataBundles' % self.model, {})['dataBundleId']
        self.manual = api.post('/transitions', {'transitionType': 'manual'})['transitionId']
        self.docker = api.post('/transitions', {
            'transitionType': 'docker', 'parameters': {'imageUrl': 'image'}})['transitionId']
        self.workflow = api.post('/workflows', {'specification': {
            'definition': definition(self.manual)}})['workflowId']
        self.run = api.post('/workflows/%s/executions' % self.workflow, {'input': {}})[
            'executionId']
        self.task = api.post('/transitions/%s/executions' % self.manual, {})['executionId']

    def ids(self, path):
        """The path template with this world's ids in it."""
        executions = self.run if path.startswith('/workflows') else self.task
        for name, value in (('appClientId', self.client), ('assetId', self.asset),
                            ('datasetId', self.dataset), ('documentId', self.document),
                            ('modelId', self.model), ('dataBundleId', self.bundle),
                            ('organizationId', 'me'), ('secretId', self.secret),
                            ('transitionId', self.manual), ('userId', self.user),
                            ('workflowId', self.workflow), ('executionId', executions)):
            path = path.replace('{%s}' % name, value)
        return path

    def bodies(self, verb, path):
        return [b for v, p, b in self.all_bodies() if (v, p) == (verb, path)]

    def all_bodies(self):
        nd = {'name': 'n', 'description': 'd'}
        urls = ['https://example.com/']
        truth = [{'label': 'total', 'value': '1.00'}]
        config = {'total': {'type': 'amount', 'maxLength': 20, 'description': 'the sum'}}
        preprocess = {'autoRotate': True, 'imageQuality': 'HIGH', 'maxPages': 2}
        model = dict(nd, width=97, height=1921, fieldConfig=config, preprocessConfig=preprocess)
        environment = {'environment': {'A': 'b'}, 'environmentSecrets': [self.secret]}
        image = dict(environment, imageUrl='image', secretId=self.secret)
        schemas = {'inputJsonSchema': {'type': 'object'}, 'outputJsonSchema': {'type': 'object'}}
        assets = {'jsRemoteComponent': self.asset, 'other': self.asset}
        configs = {'completedConfig': image,
                   'errorConfig': {'email': 'a@example.com', 'manualRetry': True}}
        spec = {'definition': definition(self.manual), 'language': 'ASL', 'version': '1.0.0'}
        return [
            ('POST', '/appClients', dict(nd, callbackUrls=urls, loginUrls=urls, logoutUrls=urls,
                                         defaultLoginUrl=urls[0], generateSecret=True)),
            ('PATCH', '/appClients/{appClientId}', dict(nd, loginUrls=urls,
                                                        defaultLoginUrl=urls[0])),
            ('POST', '/assets', dict(nd, content=server.PDF)),
            ('PATCH', '/assets/{assetId}', dict(nd, content=server.PDF)),
            ('POST', '/datasets', dict(nd, retentionInDays=30,
                                       containsPersonallyIdentifiableInformation=False)),
            ('PATCH', '/datasets/{datasetId}', dict(nd)),
            ('POST', '/documents', {
                'content': server.PDF, 'contentType': 'application/pdf', 'groundTruth': truth,
                'consentId': server.new_id('consent'), 'datasetId': self.dataset,
                'retentionInDays': 10}),
            ('PATCH', '/documents/{documentId}', {
                'groundTruth': truth, 'datasetId': self.dataset, 'retentionInDays': 10}),
            ('POST', '/models', dict(model)),
            ('PATCH', '/models/{modelId}', dict(model, status='active')),
            ('POST', '/models/{modelId}/dataBundles', dict(nd, datasetIds=[self.dataset])),
            ('PATCH', '/models/{modelId}/dataBundles/{dataBundleId}', dict(nd)),
            ('PATCH', '/organizations/{organizationId}', dict(nd)),
            ('POST', '/predictions', {
                'documentId': self.document, 'modelId': self.model, 'maxPages': 3,
                'autoRotate': True, 'imageQuality': 'LOW'}),
            ('POST', '/secrets', dict(nd, data={'username': 'u', 'password': 'p'})),
            ('PATCH', '/secrets/{secretId}', dict(nd, data={'username': 'u'})),
            ('POST', '/transitions', dict(nd, transitionType='docker', timeoutInSeconds=60,
                                          parameters=dict(image, cpu=256, memory=1024),
                                          **schemas)),
            ('POST', '/transitions', dict(nd, transitionType='manual', timeoutInSeconds=1800,
                                          parameters={'assets': assets}, **schemas)),
            ('PATCH', '/transitions/{transitionId}', dict(nd, assets=assets, **schemas)),
            ('PATCH', '/transitions/{transitionId}', dict(nd, **environment)),
            ('POST', '/transitions/{transitionId}/executions', {}),
            ('PATCH', '/transitions/{transitionId}/executions/{executionId}', {
                'status': 'succeeded', 'output': {'a': 1},
                'startTime': '2021-08-16T12:53:13.374930+0000'}),
            ('PATCH', '/transitions/{transitionId}/executions/{executionId}', {
                'status': 'failed', 'error': {'message': 'no'}}),
            ('POST', '/transitions/{transitionId}/executions/{executionId}/heartbeats', {}),
            ('POST', '/users', {'email': 'b@example.com', 'name': 'n', 'avatar': JPEG,
                                'appClientId': self.client}),
            ('PATCH', '/users/{userId}', {'name': 'n', 'avatar': JPEG}),
            ('POST', '/workflows', dict(nd, specification=spec, **configs)),
            ('PATCH', '/workflows/{workflowId}', dict(nd, **configs)),
            ('POST', '/workflows/{workflowId}/executions', {'input': {'a': 1}}),
            ('PATCH', '/workflows/{workflowId}/executions/{executionId}', {
                'nextTransitionId': self.manual}),
        ]
